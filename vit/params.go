package vit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
)

// Spec describes one weight tensor: its name and shape in the official checkpoints, and how it starts.
type Spec struct {
	Name  string
	Shape []int
	Init  Init
}

// Size is the number of values.
func (s Spec) Size() int {
	n := 1
	for _, d := range s.Shape {
		n *= d
	}
	return n
}

// Linear tells whether the tensor is the weight of a linear layer or a kernel, which Compute.Linear rounds to the compute type.
func (s Spec) Linear() bool { return len(s.Shape) > 1 && strings.HasSuffix(s.Name, ".weight") }

// Init draws a tensor's first values. Source of every rule below: spec 1.7.
type Init func(dst []float32, rng *rand.Rand)

// Constant starts every value at v: 0 for biases, 1 for the scale of a norm.
func Constant(v float32) Init {
	return func(dst []float32, _ *rand.Rand) {
		for i := range dst {
			dst[i] = v
		}
	}
}

// Xavier is uniform in +-sqrt(6/(in+out)), for the linear layers of encoder and decoder.
func Xavier(out, in int) Init { return uniform(math.Sqrt(6 / float64(in+out))) }

// FanIn is uniform in +-1/sqrt(in), PyTorch's own choice, for what the official code leaves at that: cube embedding and
// encoder-to-decoder projection.
func FanIn(in int) Init { return uniform(1 / math.Sqrt(float64(in))) }

// CutNormal is normal of the given deviation, redrawn beyond one deviation, for the mask token.
func CutNormal(deviation float64) Init {
	return func(dst []float32, rng *rand.Rand) {
		for i := range dst {
			v := rng.NormFloat64()
			for math.Abs(v) > 1 {
				v = rng.NormFloat64()
			}
			dst[i] = float32(deviation * v)
		}
	}
}

func uniform(bound float64) Init {
	return func(dst []float32, rng *rand.Rand) {
		for i := range dst {
			dst[i] = float32((2*rng.Float64() - 1) * bound)
		}
	}
}

// Params gives the graph nodes of a model's weights by name. In narrows it to the tensors below a prefix.
type Params struct {
	prefix string
	nodes  map[string]*graph.Node
}

// NewParams joins specs and their nodes, in the same order.
func NewParams(specs []Spec, nodes []*graph.Node) Params {
	p := Params{nodes: make(map[string]*graph.Node, len(specs))}
	for i, s := range specs {
		p.nodes[s.Name] = nodes[i]
	}
	return p
}

// In returns the tensors whose names start with prefix, to be asked for by the rest of their names.
func (p Params) In(prefix string) Params { return Params{p.prefix + prefix, p.nodes} }

// Block returns the tensors of block i.
func (p Params) Block(i int) Params { return p.In(fmt.Sprintf("blocks.%d.", i)) }

// Get returns a tensor's node. Asking for a name that the model does not have is a mistake in the model's graph: it
// panics, as GoMLX does while a graph is built, and package engine turns that into an error.
func (p Params) Get(name string) *graph.Node {
	node, ok := p.nodes[p.prefix+name]
	if !ok {
		panic(fmt.Errorf("vit: the model has no tensor %q", p.prefix+name))
	}
	return node
}

// EmbeddingSpecs lists the tensors of the cube embedding. Source: spec 1.2 and 2.1.
func EmbeddingSpecs(prefix string, c Config) []Spec {
	return []Spec{
		{prefix + "patch_embed.proj.weight", []int{c.Dim, c.Channels, c.Tubelet, c.Patch, c.Patch}, FanIn(c.CubeSize())},
		{prefix + "patch_embed.proj.bias", []int{c.Dim}, FanIn(c.CubeSize())},
	}
}

// BlockSpecs lists the tensors of every block, in the official order. Source: spec 2.1.
func BlockSpecs(prefix string, c Config) []Spec {
	var specs []Spec
	d := c.Dim
	for i := range c.Depth {
		b := fmt.Sprintf("%sblocks.%d.", prefix, i)
		specs = append(specs, NormSpecs(b+"norm1", d)...)
		specs = append(specs, biasSpec(b+"attn.q_bias", d), biasSpec(b+"attn.v_bias", d))
		specs = append(specs, Spec{b + "attn.qkv.weight", []int{3 * d, d}, Xavier(3*d, d)})
		specs = append(specs, LinearSpecs(b+"attn.proj", d, d)...)
		specs = append(specs, NormSpecs(b+"norm2", d)...)
		specs = append(specs, LinearSpecs(b+"mlp.fc1", c.MLP, d)...)
		specs = append(specs, LinearSpecs(b+"mlp.fc2", d, c.MLP)...)
	}
	return specs
}

// LinearSpecs lists the weight [out, in] and bias [out] of a linear layer.
func LinearSpecs(name string, out, in int) []Spec {
	return []Spec{{name + ".weight", []int{out, in}, Xavier(out, in)}, biasSpec(name+".bias", out)}
}

// NormSpecs lists the scale and shift [d] of a layer norm.
func NormSpecs(name string, d int) []Spec {
	return []Spec{{name + ".weight", []int{d}, Constant(1)}, biasSpec(name+".bias", d)}
}

func biasSpec(name string, d int) Spec { return Spec{name, []int{d}, Constant(0)} }
