// The names that tensors have in checkpoints of different programs, as data. Nothing else here knows a family by its name.

package checkpoint

import "slices"

// rule relates one tensor, under its official name, to those of a family that hold its values. In names, * is weight or bias, # the number of
// a block, "E." the encoder's prefix under official names ("encoder." in a pre-training checkpoint, nothing in others), and "F." the
// same in the family's.
type rule struct {
	ours    string
	theirs  []string // one name; or several, joined along their first axis
	or      string   // another name that theirs has in some files; it is read, not written
	third   int      // 1 to 3: only that third of theirs, along the first axis; 0: all of it
	inflate bool     // theirs is of pictures: repeated along time and divided by the frames of a cube
}

// drop is a tensor of a family that has no place in the model.
type drop struct {
	theirs string
	why    string
	loses  bool // what the model computes differs without it
}

// family is one way to name the tensors of a model, recognised by the name and the rank of its patch embedding's weight.
type family struct {
	name     string
	about    string
	sign     string // name of the weight of the patch embedding
	rank     int    // of it: 5 for cubes of video, 4 for patches of pictures
	also     string // another name that must be there; empty for none
	prefixes []string
	rules    []rule
	drops    []drop
}

// image tells whether the family's models are of pictures.
func (f family) image() bool { return f.rank == 4 }

func same(ours, theirs string) rule { return rule{ours: ours, theirs: []string{theirs}} }

// under puts prefixes before the names of rules.
func under(ours, theirs string, rules []rule) []rule {
	out := make([]rule, len(rules))
	for i, r := range rules {
		r.ours = ours + r.ours
		r.theirs = slices.Clone(r.theirs)
		for j := range r.theirs {
			r.theirs[j] = theirs + r.theirs[j]
		}
		if r.or != "" {
			r.or = theirs + r.or
		}
		out[i] = r
	}
	return out
}

// The tensors of one block. Sources: spec 2.1, 2.5 and 2.6.
var (
	officialBlock = []rule{
		same("norm1.*", "norm1.*"), same("attn.q_bias", "attn.q_bias"), same("attn.v_bias", "attn.v_bias"), same("attn.qkv.weight", "attn.qkv.weight"),
		same("attn.proj.*", "attn.proj.*"), same("norm2.*", "norm2.*"), same("mlp.fc1.*", "mlp.fc1.*"), same("mlp.fc2.*", "mlp.fc2.*"),
	}
	mmactionBlock = []rule{
		same("norm1.*", "norm1.*"), same("attn.q_bias", "attn.q_bias"), same("attn.v_bias", "attn.v_bias"), same("attn.qkv.weight", "attn.qkv.weight"),
		same("attn.proj.*", "attn.proj.*"), same("norm2.*", "norm2.*"), same("mlp.fc1.*", "mlp.layers.0.0.*"), same("mlp.fc2.*", "mlp.layers.1.*"),
	}
	imageBlock = []rule{ // the bias of queries, keys and values is one; that of the keys adds the same to all scores of a query
		same("norm1.*", "norm1.*"), {ours: "attn.q_bias", theirs: []string{"attn.qkv.bias"}, third: 1}, {ours: "attn.v_bias", theirs: []string{"attn.qkv.bias"}, third: 3},
		same("attn.qkv.weight", "attn.qkv.weight"), same("attn.proj.*", "attn.proj.*"), same("norm2.*", "norm2.*"), same("mlp.fc1.*", "mlp.fc1.*"), same("mlp.fc2.*", "mlp.fc2.*"),
	}
	transformersBlock = []rule{
		same("norm1.*", "layernorm_before.*"),
		{ours: "attn.q_bias", theirs: []string{"attention.attention.q_bias"}, or: "attention.attention.query.bias"},
		{ours: "attn.v_bias", theirs: []string{"attention.attention.v_bias"}, or: "attention.attention.value.bias"},
		{ours: "attn.qkv.weight", theirs: []string{"attention.attention.query.weight", "attention.attention.key.weight", "attention.attention.value.weight"}},
		same("attn.proj.*", "attention.output.dense.*"), same("norm2.*", "layernorm_after.*"),
		same("mlp.fc1.*", "intermediate.dense.*"), same("mlp.fc2.*", "output.dense.*"),
	}
)

// decoderRules are the tensors of a pre-training checkpoint outside of its encoder, in a family with these names of blocks.
func decoderRules(blocks string, block []rule) []rule {
	return slices.Concat(
		[]rule{same("mask_token", "mask_token")}, under("decoder.blocks.#.", blocks, block),
		[]rule{same("decoder.norm.*", "decoder.norm.*"), same("decoder.head.*", "decoder.head.*"), same("encoder_to_decoder.weight", "encoder_to_decoder.weight")},
	)
}

const (
	keyBias     = "a bias of the keys adds the same to all scores of a query, which the soft-max takes out"
	fixedTable  = "the model has a fixed table of positions"
	noToken     = "the model has no class token"
	otherPixels = "a decoder of pictures cannot predict cubes of video"
)

// families are all that is recognised, more special ones first.
var families = []family{
	{
		name: hubFamily, about: "Hugging Face transformers", sign: "embeddings.patch_embeddings.projection.weight", rank: 5, prefixes: []string{hubPrefix},
		rules: slices.Concat(
			[]rule{same("E.patch_embed.proj.*", "embeddings.patch_embeddings.projection.*")}, under("E.blocks.#.", "encoder.layer.#.", transformersBlock),
			[]rule{same("E.norm.*", "layernorm.*")}, decoderRules("decoder.decoder_layers.#.", transformersBlock),
			[]rule{same("fc_norm.*", "fc_norm.*"), same("head.*", "classifier.*")}),
		drops: []drop{{"encoder.layer.#.attention.attention.key.bias", keyBias, false}, {"decoder.decoder_layers.#.attention.attention.key.bias", keyBias, false}},
	},
	{
		name: "mmaction2", about: "OpenMMLab MMAction2", sign: "patch_embed.projection.weight", rank: 5, prefixes: []string{"backbone."},
		rules: slices.Concat(
			[]rule{same("patch_embed.proj.*", "patch_embed.projection.*")}, under("blocks.#.", "blocks.#.", mmactionBlock),
			[]rule{same("norm.*", "norm.*"), same("fc_norm.*", "fc_norm.*"), same("head.*", "cls_head.fc_cls.*")}),
	},
	{
		name: "mae", about: "masked autoencoder of pictures", sign: "patch_embed.proj.weight", rank: 4, also: "decoder_embed.weight",
		rules: imageRules,
		drops: slices.Concat(imageDrops, []drop{{"mask_token", otherPixels, true}, {"decoder_pos_embed", otherPixels, true}, {"decoder_embed.*", otherPixels, true},
			{"decoder_blocks.#.norm1.*", otherPixels, true}, {"decoder_blocks.#.attn.qkv.*", otherPixels, true}, {"decoder_blocks.#.attn.proj.*", otherPixels, true},
			{"decoder_blocks.#.norm2.*", otherPixels, true}, {"decoder_blocks.#.mlp.fc1.*", otherPixels, true}, {"decoder_blocks.#.mlp.fc2.*", otherPixels, true},
			{"decoder_norm.*", otherPixels, true}, {"decoder_pred.*", otherPixels, true}}),
	},
	{
		name: "vit", about: "vision transformer of pictures (timm)", sign: "patch_embed.proj.weight", rank: 4, rules: imageRules, drops: imageDrops,
	},
	{
		name: "official", about: "official VideoMAE, VideoMAE V2, the detection repository, and ours", sign: "F.patch_embed.proj.weight", rank: 5,
		rules: slices.Concat(
			[]rule{same("E.patch_embed.proj.*", "F.patch_embed.proj.*")}, under("E.blocks.#.", "F.blocks.#.", officialBlock),
			[]rule{same("E.norm.*", "F.norm.*")}, decoderRules("decoder.blocks.#.", officialBlock),
			[]rule{same("fc_norm.*", "F.fc_norm.*"), same("head.*", "head.*")}),
	},
}

// Models of pictures: their patch embedding becomes one of cubes. Source: spec 2.6.
var (
	imageRules = slices.Concat(
		[]rule{{ours: "patch_embed.proj.weight", theirs: []string{"patch_embed.proj.weight"}, inflate: true}, same("patch_embed.proj.bias", "patch_embed.proj.bias")},
		under("blocks.#.", "blocks.#.", imageBlock), []rule{same("norm.*", "norm.*"), same("fc_norm.*", "fc_norm.*"), same("head.*", "head.*")})
	imageDrops = []drop{{"cls_token", noToken, true}, {"pos_embed", fixedTable, true}}
)

// wrappers are prefixes that programs put before all names. A file is read without those that all of its tensors have.
var wrappers = []string{"module.", "_orig_mod.", "model."}

// parts are prefixes of a model that is a part of another one. Names are read without them.
var parts = []string{"backbone."}
