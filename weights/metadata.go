// What the weight files of this program say of themselves.

package weights

// Keys of a safetensors file's metadata.
const (
	FamilyKey    = "family"          // what the model is: one of the families below
	ClassesKey   = "classes"         // of a classifier: names of the classes in the order of the logits, a JSON list
	PositionsKey = "positions"       // of a classifier: grid whose position table is interpolated, as 8x14x14; absent where the table is built anew
	ModelKey     = "videomae.model"  // of a converted file: the model's shape, JSON (package checkpoint)
	OriginKey    = "videomae.origin" // where the weights come from and their licence, JSON (package checkpoint); it travels along
)

// The families of models that this program trains.
const (
	PretrainFamily = "videomae-pretrain"
	FinetuneFamily = "videomae-finetune"
	EncoderFamily  = "videomae-encoder" // an encoder and nothing else: imported, not trained
)
