package golden

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/engine/simd/isa"
	"videomae/internal/given"
	"videomae/internal/graphtest"
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

// ladder opens the folder's cases of both kinds, by name.
func ladder(t *testing.T) map[string]climber {
	t.Helper()
	folder := given.Golden(t)
	pretrain, err := PretrainCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	finetune, err := FinetuneCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(pretrain)+len(finetune) == 0 {
		t.Fatalf("%s/model holds no pretrain_*.json and no finetune_*.json", folder)
	}
	all := map[string]climber{}
	for _, c := range pretrain {
		all["pretrain "+c.Name] = c
	}
	for _, c := range finetune {
		all["finetune "+c.Name] = c
	}
	t.Cleanup(func() {
		for _, c := range all {
			_ = c.shared().Arrays.Close()
		}
	})
	return all
}

// TestLadder compares one pass (outputs, loss, gradients) and a short training run with the official code's numbers: every case of the
// folder, on every engine of this build. Full-size cases run on slow engines where tests are to have their full length.
func TestLadder(t *testing.T) {
	cases := ladder(t)
	for _, choice := range engine.Choices() {
		t.Run(choice.Name, func(t *testing.T) {
			if !choice.Available {
				t.Skip(choice.Missing)
			}
			fast := choice.Name == engine.Default || choice.Name == "xla:cuda"
			climbAll(t, choice.Name, cases, fast || given.Long(t), fast)
		})
	}
}

// TestLadderOnEveryInstructionSet runs the small cases on each set of kernels of the simd engine that this CPU can run, on one worker
// and on three.
func TestLadderOnEveryInstructionSet(t *testing.T) {
	cases := ladder(t)
	for _, level := range isa.Levels() {
		for _, workers := range []int{1, 3} {
			name := fmt.Sprintf("simd:isa=%s,workers=%d", level, workers)
			t.Run(name, func(t *testing.T) { climbAll(t, name, cases, false, false) })
		}
	}
}

// climbAll runs cases on an engine: the small ones in each way of computing and, if fullSize, the others with everything stored, in bf16
// if fullBF16.
func climbAll(t *testing.T, on string, cases map[string]climber, fullSize, fullBF16 bool) {
	backend, err := engine.Open(on)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		t.Run(name, func(t *testing.T) {
			if !c.shared().small() && !fullSize {
				t.Skipf("full size; set %s=1 to run it on this engine", given.LongEnv)
			}
			climb(t, backend, c, fullBF16)
		})
	}
}

func climb(t *testing.T, backend compute.Backend, c climber, fullBF16 bool) {
	for _, precision := range []string{"f32", "bf16"} {
		for _, checkpoint := range []bool{false, true} {
			if !c.shared().small() && (checkpoint || precision == "bf16" && !fullBF16) {
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
				if c.shared().Trajectory != nil {
					trajectory(t, backend, c, how, limits)
				}
			})
		}
	}
}

// onePass checks the forward pass and every gradient.
func onePass(t *testing.T, backend compute.Backend, c climber, how vit.Compute, limits tolerance) {
	specs := c.specs()
	exec, err := NewExec(backend, func(in []*Node) []*Node {
		weights := in[:len(specs)]
		loss, outputs := c.pass(how, weights, in[len(specs):])
		return slices.Concat([]*Node{loss}, outputs, Gradient(loss, weights...))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Call(passInputs(t, c)...)
	if err != nil {
		t.Fatal(err)
	}
	compareScalar(t, "loss", float64(tensors.ToScalar[float32](out[0])), c.shared().Loss, limits.loss)
	out = out[1:]
	for i, o := range c.outputs() {
		c.shared().compareOutput(t, o, out[i], limits)
	}
	for i, s := range specs {
		c.shared().compareGradient(t, s.Name, graphtest.Flat(t, out[len(c.outputs())+i]), limits)
	}
}

// passInputs lists weights and input of the single pass, after checking the formula against stored ones.
func passInputs(t *testing.T, c climber) []any {
	var inputs []any
	specs := c.specs()
	for i, values := range c.shared().initial(specs) {
		if want, ok := c.shared().array(t, "param."+specs[i].Name); ok {
			compareMax(t, "formula for "+specs[i].Name, values, want, 0)
		}
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(values, specs[i].Shape...))
	}
	return append(inputs, batchTensors(c.batch(t, ""))...)
}

// trajectory checks a short training run: losses, gradient norms, and the weights it ends with.
func trajectory(t *testing.T, backend compute.Backend, c climber, how vit.Compute, limits tolerance) {
	run, specs := c.shared().Trajectory, c.specs()
	optimiser := optim.AdamW{Beta1: run.Betas[0], Beta2: run.Betas[1], Epsilon: run.Eps, WeightDecay: run.WeightDecay}
	update := train.Update{AdamW: optimiser, Rules: c.rules()}
	stepper, err := train.NewStepper(backend, specs, c.objective(how), update, train.NewState(c.shared().initial(specs)))
	if err != nil {
		t.Fatal(err)
	}
	defer stepper.Close()
	for step, rate := range run.Rates() {
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
		compareDrift(t, c, state.Weights)
		return
	}
	for i, s := range specs {
		c.shared().compareFinalWeights(t, s.Name, state.Weights[i], limits)
	}
}

// compareDrift holds the weights that training in bf16 ends with to the drift of PyTorch's autocast: how far it takes the weights away
// from those of Float32, as a share of the way that training moved them (bench/peers/torch_autocast.py).
func compareDrift(t *testing.T, c climber, weights [][]float32) {
	t.Helper()
	var away, way float64
	specs := c.specs()
	initial := c.shared().initial(specs)
	for i, s := range specs {
		want, ok := c.shared().after(t, s.Name)
		if !ok {
			return
		}
		for j, w := range want {
			a, b := float64(weights[i][j]-w), float64(w-initial[i][j])
			away, way = away+a*a, way+b*b
		}
	}
	drift := math.Sqrt(away / way)
	t.Logf("the weights are %.3g of their way from those of Float32, with autocast %.3g", drift, c.autocastDrift())
	if drift > 2*c.autocastDrift() { // twice, as another case may drift further
		t.Errorf("the weights drift too far from those of Float32")
	}
}
