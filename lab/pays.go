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

// The encoders that are probed, and the arms that make them.
const pretrained, untrained = "pretrained", "untrained"

// Experiment lists its arms.
func (p Pays) Experiment() Experiment {
	arms := []Arm{
		{Name: pretrained, Commands: p.pretraining(pretrained)},
		{Name: untrained, Commands: p.pretraining(untrained, "--lr", "1e-12", "--set", "optim.min_lr=0", "--steps", "1")},
		{Name: "scratch", Measured: true, Commands: p.training("scratch", p.Recipes+"-scratch", "none")},
		{Name: "finetuned", Measured: true, Commands: p.training("finetuned", p.Recipes, pretrained)},
	}
	for _, kind := range []string{"linear", "attentive", "knn"} {
		for _, encoder := range []string{untrained, pretrained} {
			arms = append(arms, Arm{Name: kind + "-" + encoder, Measured: true, Commands: p.probing(kind, encoder)})
		}
	}
	return Experiment{Name: "pretraining-pays", Seeds: p.Seeds, Arms: arms}
}

// run is the folder of an arm's run.
func run(folder, arm string, seed uint64) string {
	return filepath.Join(folder, fmt.Sprintf("%s-%d", arm, seed))
}

// data are the arguments that every training and probe has.
func (p Pays) data(seed uint64) []string {
	return []string{"--data", p.Data, "--seed", fmt.Sprint(seed), "--json"}
}

// few are the arguments of those that see labels.
func (p Pays) few() []string { return []string{"--per-class", fmt.Sprint(p.PerClass)} }

func (p Pays) pretraining(arm string, extra ...string) func(string, uint64) [][]string {
	return func(folder string, seed uint64) [][]string {
		args := []string{"pretrain", "--recipe", p.Recipes, "--out", run(folder, arm, seed), "--resume"}
		return [][]string{append(append(args, p.data(seed)...), extra...)}
	}
}

// training makes a classifier and judges its last weights, so that the videos it is judged by have no part in their choice.
func (p Pays) training(arm, recipe, init string) func(string, uint64) [][]string {
	return func(folder string, seed uint64) [][]string {
		from, out := init, run(folder, arm, seed)
		if init != "none" {
			from = run(folder, init, seed)
		}
		args := []string{"finetune", "--recipe", recipe, "--init", from, "--out", out, "--resume"}
		return [][]string{
			append(append(args, p.data(seed)...), p.few()...),
			{"evaluate", "--checkpoint", filepath.Join(out, "checkpoints"), "--data", p.Data, "--split", "val", "--views", p.Views, "--out", out + "-evaluation", "--json"},
		}
	}
}

func (p Pays) probing(kind, encoder string) func(string, uint64) [][]string {
	return func(folder string, seed uint64) [][]string {
		args := []string{"probe", "--kind", kind, "--checkpoint", run(folder, encoder, seed)}
		return [][]string{append(append(args, p.data(seed)...), p.few()...)}
	}
}
