// The first question about pre-training: is it worth anything?

package lab

import (
	"fmt"
	"path/filepath"
)

// Pays is the experiment that compares a classifier from scratch with what pre-training on the same videos, without their labels, makes of
// the encoder: fine-tuned, and frozen with a linear probe, an attentive one, and by nearest neighbours. The encoder with its first values is
// probed as well, as what no training at all gives.
type Pays struct {
	Data     string // list with the splits train and val
	Recipes  string // name of the recipes of pre-training and fine-tuning; that of training from scratch has "-scratch" behind it
	PerClass int    // labelled videos of a class; 0: all
	Views    string // of the evaluation
	Seeds    []uint64
}

// Experiment lists its arms.
func (p Pays) Experiment() Experiment {
	run := func(arm string) func(folder string, seed uint64) string {
		return func(folder string, seed uint64) string { return filepath.Join(folder, fmt.Sprintf("%s-%d", arm, seed)) }
	}
	pretrained, untrained, scratch, finetuned := run("pretrained"), run("untrained"), run("scratch"), run("finetuned")
	seeded := func(seed uint64, args ...string) []string {
		return append(args, "--data", p.Data, "--seed", fmt.Sprint(seed), "--json", "--resume")
	}
	few := []string{"--per-class", fmt.Sprint(p.PerClass)}
	evaluate := func(checkpoint, out string) []string {
		return []string{"evaluate", "--checkpoint", checkpoint, "--data", p.Data, "--split", "val", "--views", p.Views, "--out", out, "--json"}
	}
	training := func(recipe, init string, out func(string, uint64) string) func(string, uint64) [][]string {
		return func(folder string, seed uint64) [][]string {
			from := "none"
			if init != "" {
				from = run(init)(folder, seed)
			}
			to := out(folder, seed)
			return [][]string{
				append(seeded(seed, "finetune", "--recipe", recipe, "--init", from, "--out", to), few...),
				evaluate(filepath.Join(to, "checkpoints"), to+"-evaluation"),
			}
		}
	}
	probing := func(kind string, of func(string, uint64) string) func(string, uint64) [][]string {
		return func(folder string, seed uint64) [][]string {
			args := []string{"probe", "--kind", kind, "--checkpoint", of(folder, seed), "--data", p.Data, "--seed", fmt.Sprint(seed), "--json"}
			return [][]string{append(args, few...)}
		}
	}
	return Experiment{Name: "pretraining-pays", Seeds: p.Seeds, Arms: []Arm{
		{Name: "pretrained", Commands: func(folder string, seed uint64) [][]string {
			return [][]string{seeded(seed, "pretrain", "--recipe", p.Recipes, "--out", pretrained(folder, seed))}
		}},
		{Name: "untrained", Commands: func(folder string, seed uint64) [][]string {
			return [][]string{seeded(seed, "pretrain", "--recipe", p.Recipes, "--lr", "1e-12", "--set", "optim.min_lr=0", "--steps", "1", "--out", untrained(folder, seed))}
		}},
		{Name: "scratch", Measured: true, Commands: training(p.Recipes+"-scratch", "", scratch)},
		{Name: "finetuned", Measured: true, Commands: training(p.Recipes, "pretrained", finetuned)},
		{Name: "linear-untrained", Measured: true, Commands: probing("linear", untrained)},
		{Name: "linear-pretrained", Measured: true, Commands: probing("linear", pretrained)},
		{Name: "attentive-untrained", Measured: true, Commands: probing("attentive", untrained)},
		{Name: "attentive-pretrained", Measured: true, Commands: probing("attentive", pretrained)},
		{Name: "knn-untrained", Measured: true, Commands: probing("knn", untrained)},
		{Name: "knn-pretrained", Measured: true, Commands: probing("knn", pretrained)},
	}}
}
