package golden

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/engine/simd/isa"
	"videomae/internal/given"
	"videomae/internal/graphtest"
	"videomae/mae"
	"videomae/optim"
	"videomae/train"
	"videomae/vit"
)

// tolerance is how far an engine may be from the reference.
type tolerance struct {
	output   float64 // largest error of outputs, as a share of the tensor's largest magnitude
	gradient float64 // the same for gradients; 0 where only their L2 error counts
	gradL2   float64 // relative L2 error of each gradient; 0 where not asked for
	norm     float64 // relative error of norms
	loss     float64 // relative error of losses
}

var (
	inFloat32  = tolerance{output: 1e-4, gradient: 1e-4, norm: 1e-5, loss: 1e-5}
	inBFloat16 = tolerance{output: 3e-2, gradL2: 5e-2, norm: 5e-2, loss: 1e-2}
)

// TestLadder compares one pass (outputs, target, loss, gradients) and a short training run with the official code's
// numbers: every case of the folder, on every engine of this build.
func TestLadder(t *testing.T) {
	folder := given.Golden(t)
	cases, err := PretrainCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s/model holds no pretrain_*.json", folder)
	}
	for _, choice := range engine.Choices() {
		t.Run(choice.Name, func(t *testing.T) {
			if !choice.Available {
				t.Skip(choice.Missing)
			}
			backend, err := engine.Open(choice.Name)
			if err != nil {
				t.Fatal(err)
			}
			defer backend.Finalize()
			for _, c := range cases {
				t.Run(c.Name, func(t *testing.T) { climb(t, backend, c, choice.Name == engine.Default) })
			}
		})
	}
}

// TestLadderOnEveryInstructionSet runs the small cases on each set of kernels of the simd engine that this CPU can run, on one worker
// and on three.
func TestLadderOnEveryInstructionSet(t *testing.T) {
	cases, err := PretrainCases(given.Golden(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range isa.Levels() {
		for _, workers := range []int{1, 3} {
			name := fmt.Sprintf("simd:isa=%s,workers=%d", level, workers)
			t.Run(name, func(t *testing.T) {
				backend, err := engine.Open(name)
				if err != nil {
					t.Fatal(err)
				}
				defer backend.Finalize()
				for _, c := range cases {
					if c.small() {
						t.Run(c.Name, func(t *testing.T) { climb(t, backend, c, true) })
					}
				}
			})
		}
	}
}

// climb runs a case in each way of computing. Full-size cases have everything stored, and run in bf16 where asked for.
func climb(t *testing.T, backend compute.Backend, c *Pretrain, fullBF16 bool) {
	for _, precision := range []string{"f32", "bf16"} {
		for _, checkpoint := range []bool{false, true} {
			if !c.small() && (checkpoint || precision == "bf16" && !fullBF16) {
				continue
			}
			how, err := train.Compute(backend, precision)
			if err != nil {
				t.Fatal(err)
			}
			how.Checkpoint = checkpoint
			limits := map[string]tolerance{"f32": inFloat32, "bf16": inBFloat16}[precision]
			name := precision
			if checkpoint {
				name += " checkpointed"
			}
			t.Run(name, func(t *testing.T) {
				onePass(t, backend, c, how, limits)
				if c.Trajectory != nil {
					trajectory(t, backend, c, how, limits)
				}
			})
		}
	}
}

// small tells whether the case stores whole tensors rather than slices and norms.
func (c *Pretrain) small() bool {
	_, ok := c.Arrays.Spec("out.pred")
	return ok
}

// onePass checks the forward pass and every gradient.
func onePass(t *testing.T, backend compute.Backend, c *Pretrain, how vit.Compute, limits tolerance) {
	config := c.config()
	specs := config.Specs()
	inputs := c.passInputs(t)
	exec, err := NewExec(backend, func(in []*Node) []*Node {
		model := mae.Model{Config: config, Params: vit.NewParams(specs, in[:len(specs)]), Compute: how}
		video, visible, masked := in[len(specs)], in[len(specs)+1], in[len(specs)+2]
		batch := mae.Batch{Cubes: mae.Patchify(video, config.Encoder), Visible: visible, Masked: masked}
		loss, prediction, target := model.Loss(batch)
		return append([]*Node{loss, model.Encode(batch), prediction, target}, Gradient(loss, in[:len(specs)]...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Call(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	compareScalar(t, "loss", float64(tensors.ToScalar[float32](out[0])), c.Loss, limits.loss)
	for i, name := range []string{"encoded", "pred", "target"} {
		c.compareOutput(t, name, out[1+i], limits)
	}
	for i, s := range specs {
		c.compareGradient(t, s.Name, graphtest.Flat(t, out[4+i]), limits)
	}
}

// passInputs lists weights and input of the single pass, after checking the formula against stored ones.
func (c *Pretrain) passInputs(t *testing.T) []any {
	var inputs []any
	specs := c.config().Specs()
	for i, values := range c.initial() {
		if want, ok := c.array(t, "param."+specs[i].Name); ok {
			compareMax(t, "formula for "+specs[i].Name, values, want, 0)
		}
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(values, specs[i].Shape...))
	}
	batch := c.batch(t, "")
	if want, ok := c.array(t, "input.video"); ok {
		compareMax(t, "formula for the video", graphtest.Flat(t, batch.Clips), channelsLast(want, c.Batch, 3), 0)
	}
	return append(inputs, batch.Clips, batch.Visible, batch.Masked)
}

// trajectory checks a short training run: losses, gradient norms, and the weights it ends with.
func trajectory(t *testing.T, backend compute.Backend, c *Pretrain, how vit.Compute, limits tolerance) {
	run := c.Trajectory
	optimiser := optim.AdamW{Beta1: run.Betas[0], Beta2: run.Betas[1], Epsilon: run.Eps, WeightDecay: run.WeightDecay}
	update := train.Update{AdamW: optimiser, Rules: optim.Rules(c.config().Specs())}
	stepper, err := train.NewStepper(backend, c.config().Specs(), train.Pretraining(c.config(), how), update, train.NewState(c.initial()))
	if err != nil {
		t.Fatal(err)
	}
	defer stepper.Close()
	for step, rate := range run.LR {
		result, err := stepper.Step([]train.Batch{c.batch(t, fmt.Sprint(step))}, rate)
		if err != nil {
			t.Fatal(err)
		}
		compareScalar(t, fmt.Sprintf("loss at step %d", step), result.Loss, run.Losses[step], limits.loss)
		compareScalar(t, fmt.Sprintf("gradient norm at step %d", step), result.GradNorm, run.GradNorms[step], max(limits.norm, limits.gradL2))
	}
	state, err := stepper.State()
	if err != nil {
		t.Fatal(err)
	}
	if how.DType != dtypes.Float32 {
		c.compareDrift(t, state.Weights, len(run.LR))
		return
	}
	for i, s := range c.config().Specs() {
		c.compareFinalWeights(t, s.Name, state.Weights[i], len(run.LR), limits)
	}
}

// autocastDrift is how far PyTorch's bf16 autocast takes the weights of the small reference run away from those of Float32, as a
// share of the way that training moved them: bench/peers/torch_autocast.py, PyTorch 2.15.
const autocastDrift = 8.7e-3

// compareDrift holds the weights that training in bf16 ends with to the drift of autocast.
func (c *Pretrain) compareDrift(t *testing.T, weights [][]float32, steps int) {
	t.Helper()
	var away, way float64
	initial := c.initial()
	for i, s := range c.config().Specs() {
		want, ok := c.array(t, fmt.Sprintf("after%d.%s", steps, s.Name))
		if !ok {
			return
		}
		for j, w := range want {
			a, b := float64(weights[i][j]-w), float64(w-initial[i][j])
			away, way = away+a*a, way+b*b
		}
	}
	drift := math.Sqrt(away / way)
	t.Logf("the weights are %.3g of their way from those of Float32, with autocast %.3g", drift, autocastDrift)
	if drift > 2*autocastDrift { // twice, as another case may drift further
		t.Errorf("the weights drift too far from those of Float32")
	}
}

func (c *Pretrain) compareFinalWeights(t *testing.T, name string, got []float32, steps int, limits tolerance) {
	t.Helper()
	if want, ok := c.array(t, fmt.Sprintf("after%d.%s", steps, name)); ok {
		compareL2(t, "weights "+name, got, want, 1e-5)
		compareMax(t, "weights "+name, got, want, 1e-3)
	}
	if want, ok := c.ParamNormAfter[name]; ok {
		compareScalar(t, "norm of weights "+name, norm(got), want, limits.norm)
	}
}

// compareOutput compares a whole output where the case stores it, or else its stored slice, and its norm where given.
func (c *Pretrain) compareOutput(t *testing.T, name string, out *tensors.Tensor, limits tolerance) {
	t.Helper()
	got := graphtest.Flat(t, out)
	if want, ok := c.array(t, "out."+name); ok {
		compareMax(t, name, got, want, limits.output)
	}
	if want, ok := c.array(t, "out."+name+"_slice"); ok {
		part := slicePred
		if name == "encoded" {
			part = sliceEncoded
		}
		compareMax(t, name+" slice", part(got, out.Shape().Dimensions), want, limits.output)
	}
	norms := map[string]float64{"encoded": c.EncodedNorm, "pred": c.PredNorm, "target": c.TargetNorm}
	if want := norms[name]; want != 0 {
		compareScalar(t, "norm of "+name, norm(got), want, limits.norm)
	}
}

func (c *Pretrain) compareGradient(t *testing.T, name string, got []float32, limits tolerance) {
	t.Helper()
	if want, ok := c.array(t, "grad."+name); ok {
		if limits.gradient > 0 {
			compareMax(t, "gradient of "+name, got, want, limits.gradient)
		}
		if limits.gradL2 > 0 {
			compareL2(t, "gradient of "+name, got, want, limits.gradL2)
		}
	}
	if want, ok := c.GradNorm[name]; ok {
		compareScalar(t, "norm of the gradient of "+name, norm(got), want, limits.norm)
	}
}

// array reads a stored array, if the case has it.
func (c *Pretrain) array(t *testing.T, name string) ([]float32, bool) {
	t.Helper()
	if _, ok := c.Arrays.Spec(name); !ok {
		return nil, false
	}
	tensor, err := c.Arrays.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	values, err := tensor.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return values, true
}
