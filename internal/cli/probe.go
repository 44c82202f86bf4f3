package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"videomae/engine"
	"videomae/eval"
	"videomae/extract"
	"videomae/finetune"
	"videomae/probe"
	"videomae/recipe"
	"videomae/video"
)

// probeOptions are what probe was asked for.
type probeOptions struct {
	encoderOptions
	probe.Options // what probe.Run takes, but for what is opened and loaded

	data, root, split, valSplit string
	valShare, memory            float64
	perClass                    int
	shuffleLabels               bool
	kind, norm, scheme          string
	views, trainViews           string
	stride                      int // 0: as in training
	out                         string
	json                        bool
}

// probeReport is what probe tells of its work, and keeps in --out.
type probeReport struct {
	probe.Result
	PerClass      int  `json:"per_class,omitempty"`
	ShuffleLabels bool `json:"shuffle_labels,omitempty"`
}

func newProbe(s Streams) *cobra.Command {
	o := probeOptions{}
	c := &cobra.Command{
		Use:   "probe",
		Short: "Measure what the features of a frozen encoder tell of classes",
		Long: `Compute the features of labelled videos with the encoder of a checkpoint, pre-trained or fine-tuned, leave the encoder as it is, and see
how well the classes of the validation videos can be told by them.

  linear     soft-max regression by SGD on the features, each made mean 0 and variance 1 by the training clips (batch normalisation
             without learnt weights, as masked autoencoders are probed)
  attentive  one learnt query attends to the features of all cubes, then a linear layer, by AdamW
  knn        votes of the nearest training clips, by cosine, weighted exp(cosine / temperature)
  centroid   the class whose mean direction is nearest, by cosine

Features are the mean over the cubes of a clip after the last block (--layer), then layer norm without learnt weights, which is what
fine-tuning starts from; --norm own takes the encoder's own norm, none takes none. Without --lr, linear and attentive try several learning
rates on a fifth of the training videos that is held out, say what that gave, and fit all training videos with the best one; validation
videos take no part in the choice. Features are kept in --cache (default: features in --out) and used again by the other kinds.

Training videos that cannot be read are left out and named; such validation videos count as wrong, as in evaluate.`,
		Example: example(
			"videomae probe --checkpoint run --data clips.csv --kind linear --out linear",
			"videomae probe --checkpoint run --data clips.csv --kind knn --k 10 --cache features --json",
			"videomae probe --checkpoint run --data clips.csv --kind attentive --per-class 20 --out attentive",
			"videomae compare linear attentive"),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("norm") && o.kind == string(probe.Attentive) {
				return fmt.Errorf("--norm is of the mean over cubes; the attentive probe normalises each cube (%w)", errUsage)
			}
			return runProbe(c.Context(), s, o)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.data, "data", "", "list (CSV) or folder of labelled videos")
	f.StringVar(&o.root, "root", "", "folder where the list's paths begin (default: the list's, or where its files are found)")
	f.StringVar(&o.split, "split", "train", "split of the list to learn from")
	f.StringVar(&o.valSplit, "val-split", "val", "split of the list to judge by")
	f.Float64Var(&o.valShare, "val-share", recipe.DefaultFinetune().Data.ValShare, "share kept for validation where the list states no split")
	f.IntVar(&o.perClass, "per-class", 0, "learn from at most so many videos of each class (0: all)")
	f.BoolVar(&o.shuffleLabels, "shuffle-labels", false, "learn from labels dealt out at random, to see what chance looks like")
	f.StringVar(&o.kind, "kind", string(probe.Linear), "linear, attentive, knn or centroid")
	f.IntVar(&o.Layer, "layer", 0, "block whose output to take, from 1 (default: the last)")
	f.StringVar(&o.norm, "norm", string(probe.Plain), "of the mean over cubes: plain, own or none")
	f.StringVar(&o.scheme, "scheme", "dense", "dense: frames stride apart; ssv2: frames spread over the whole video")
	f.IntVar(&o.stride, "stride", 0, "frames from one frame of a clip to the next (default: as in training)")
	f.StringVar(&o.views, "views", "1x1", "clips in time and crops of each validation video, as in 5x3")
	f.StringVar(&o.trainViews, "train-views", "1x1", "clips in time and crops of each training video")
	f.IntVar(&o.K, "k", 20, "neighbours that vote; the accuracies with 1, 5, 10 and 20 are told beside it")
	f.Float64Var(&o.Temperature, "temperature", 0.07, "of the cosines of knn and centroid")
	f.BoolVar(&o.Standardise, "standardise", false, "make each feature mean 0 and variance 1 before knn and centroid compare directions")
	f.IntVar(&o.Epochs, "epochs", 0, "passes over the training clips (default: 100; attentive 30)")
	f.Float64Var(&o.LR, "lr", 0, "learning rate, of linear for 256 clips (default: chosen on held-out training videos)")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of every random decision")
	f.IntVar(&o.Batch, "batch", 8, "clips that pass through the encoder at once")
	f.IntVar(&o.Workers, "workers", 0, "videos decoded at the same time (0: one for each CPU)")
	f.Float64Var(&o.memory, "max-memory", 4, "GiB that the features of all cubes may take, of attentive")
	f.StringVar(&o.Cache, "cache", "", "folder that keeps features (default: features in --out)")
	f.StringVar(&o.out, "out", "", "folder of the result")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func runProbe(ctx context.Context, s Streams, o probeOptions) error {
	if err := o.check(); err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	var err error
	if o.checkpoint, err = checkpointOf(ctx, s, o.checkpoint); err != nil {
		return err
	}
	encoder, err := finetune.LoadEncoder(o.checkpoint)
	if err != nil {
		return err
	}
	o.Options.Encoder = encoder
	if err := o.load(s); err != nil {
		return err
	}
	m, err := o.start()
	if err != nil {
		return err
	}
	defer m.close()
	o.Backend, o.How, o.Options.Decoder, o.Options.Precision, o.Options.Engine = m.backend, m.how, m.decoder, o.precision, engine.Name(o.engine)
	o.Note = func(text string) { fmt.Fprintln(s.Err, text) }
	shown := map[string]*windowProgress{}
	o.VideoProgress = func(list string, done, all int) {
		if shown[list] == nil {
			shown[list] = newWindowProgress(s, "features of "+list, all)
			shown[list].what = "videos"
		}
		shown[list].show(done)
	}
	result, err := probe.Run(ctx, o.Options)
	for _, p := range shown {
		p.close()
	}
	if ctx.Err() != nil && o.Cache == "" {
		return fmt.Errorf("interrupted; without --out or --cache no features are kept: %w", ctx.Err())
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	return o.report(s, probeReport{result, o.perClass, o.shuffleLabels})
}

// check finds what is wrong with a call, and fills in what the probe takes.
func (o *probeOptions) check() (err error) {
	switch {
	case o.checkpoint == "" || o.data == "":
		return errors.New("--checkpoint and --data are needed")
	case o.split == o.valSplit:
		return fmt.Errorf("--split and --val-split are both %q: what is learnt must be judged by other videos", o.split)
	case !slices.Contains(probe.Kinds, probe.Kind(o.kind)):
		return fmt.Errorf("unknown kind %q (have linear, attentive, knn, centroid)", o.kind)
	case !slices.Contains(probe.Norms, probe.Norm(o.norm)):
		return fmt.Errorf("unknown norm %q (have plain, own, none)", o.norm)
	case o.scheme != "dense" && o.scheme != "ssv2":
		return fmt.Errorf("unknown scheme %q (have dense, ssv2)", o.scheme)
	case o.stride < 0 || o.Batch < 1 || o.K < 1 || o.Epochs < 0 || o.LR < 0 || o.Workers < 0 || o.perClass < 0:
		return errors.New("--stride, --epochs, --lr, --workers and --per-class must not be negative, --batch and --k at least 1")
	case !(o.memory > 0) || !(o.Temperature > 0):
		return errors.New("--max-memory and --temperature must be above 0")
	}
	o.Kind, o.Norm = probe.Kind(o.kind), probe.Norm(o.norm)
	o.MostTokens = int64(o.memory * (1 << 30))
	if o.Cache == "" && o.out != "" {
		o.Cache = filepath.Join(o.out, "features")
	}
	if o.TrainViews, o.TrainCrops, err = video.ParseViews(o.trainViews); err != nil {
		return fmt.Errorf("--train-views: %w", err)
	}
	o.Scheme.Views, o.Crops, err = video.ParseViews(o.views)
	return err
}

// load reads the lists, and lays out the clips as the checkpoint's were.
func (o *probeOptions) load(s Streams) error {
	f := recipe.DefaultFinetune()
	from, err := finetune.BaseOf(o.checkpoint)
	if err != nil {
		return err
	}
	from.Adopt(&f)
	f.Data.Path, f.Data.Root, f.Data.Split, f.Data.ValSplit, f.Data.ValShare = o.data, o.root, o.split, o.valSplit, o.valShare
	f.Data.PerClass, f.Data.ShuffleLabels, f.Train.Seed = o.perClass, o.shuffleLabels, o.Seed
	test := map[string]video.Sampling{"dense": video.SampleTestDense, "ssv2": video.SampleTestSSV2}[o.scheme]
	stride := cmp.Or(o.stride, o.Options.Encoder.Stride, 1)
	if o.Scheme, err = video.NewScheme(string(test), o.Options.Encoder.Config.Frames, stride, string(f.Data.Sampling), fmt.Sprint(o.Scheme.Views)); err != nil {
		return err
	}
	j := finetuneJob{}
	if err := j.load(f); err != nil {
		return err
	}
	if len(j.Val.Items) == 0 {
		return fmt.Errorf("data %s has no videos of the split %q to judge by: choose one (--val-split) or keep a share (--val-share)", o.data, o.valSplit)
	}
	if err := j.examine(nil); err != nil {
		return err
	}
	o.Train, o.Val, o.Classes = j.Data, j.Val, j.Classes
	fmt.Fprintf(s.Err, "data: %d videos to learn from, %d to judge by, of %s\n%s", len(j.Data.Items), len(j.Val.Items), j.Data.Source, j.sanity)
	return o.unlike()
}

// unlike refuses a folder that holds another result.
func (o *probeOptions) unlike() error {
	if o.out == "" {
		return nil
	}
	path := filepath.Join(o.out, eval.SummaryFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var was probeReport
	if err == nil {
		err = json.Unmarshal(text, &was)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, v := range []struct {
		name    string
		was, is any
	}{
		{"kind", was.Kind, o.Kind}, {"weights", was.Model, extract.Fingerprint(o.Options.Encoder)}, {"data", was.Data, o.Val.Source},
		{"layer", was.Settings.Layer, cmp.Or(o.Layer, o.Options.Encoder.Config.Depth)}, {"views", was.Views, fmt.Sprintf("%dx%d", o.Scheme.Views, o.Crops)},
		{"videos of a class", was.PerClass, o.perClass}, {"shuffled labels", was.ShuffleLabels, o.shuffleLabels},
	} {
		if v.was != v.is {
			return fmt.Errorf("%s holds another result (%s %v, not %v): choose another folder; --cache can be shared", path, v.name, v.was, v.is)
		}
	}
	return nil
}

// report keeps the result in --out, and prints it.
func (o probeOptions) report(s Streams, r probeReport) error {
	for _, v := range r.Bad {
		fmt.Fprintf(s.Err, "unreadable, left out of training: %s\n", v.Error)
	}
	for _, v := range r.UnreadableVideos {
		fmt.Fprintf(s.Err, "unreadable, counts as wrong: %s\n", v.Error)
	}
	if o.out != "" {
		if err := r.save(o.out); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(s.Out, r)
	}
	r.print(s)
	return nil
}

// save writes the files that an evaluation has, with a summary that tells of the probe as well.
func (r probeReport) save(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	if err := r.Predictions.Write(filepath.Join(folder, eval.PredictionsFile)); err != nil {
		return err
	}
	if err := r.Judgement.Save(folder); err != nil {
		return err
	}
	return extract.Replace(filepath.Join(folder, eval.SummaryFile), func(w io.Writer) error { return printJSON(w, r) })
}

// print tells the result in text.
func (r probeReport) print(s Streams) {
	for _, t := range r.Tried {
		fmt.Fprintf(s.Out, "learning rate %-6.4g top-1 %6.2f, cross-entropy %.4f, of %d training videos held out\n", t.LR, t.Top1, t.Loss, r.HeldOut)
	}
	for _, v := range r.Votes {
		fmt.Fprintf(s.Out, "%d neighbours: top-1 %.2f, top-%d %.2f\n", v.K, v.Top1, r.TopK, v.Top5)
	}
	how := []string{fmt.Sprintf("%s probe of layer %d", r.Kind, r.Settings.Layer)}
	switch r.Kind {
	case probe.Neighbours:
		how = append(how, fmt.Sprintf("%d neighbours", r.Settings.K))
	case probe.Linear, probe.Attentive:
		how = append(how, fmt.Sprintf("learning rate %.4g", r.Settings.LR))
	}
	fmt.Fprintf(s.Out, "%s, of %d clips of %d videos\n", strings.Join(how, ", "), r.Clips, r.Videos)
	fmt.Fprintf(s.Out, "top-1 %.2f (95 %%: %.2f to %.2f), top-%d %.2f, mean class %.2f, of %d videos at %s views\n", r.Top1, r.CI95[0], r.CI95[1], r.TopK, r.Top5,
		r.MeanClass, r.N, r.Views)
	for _, note := range r.Notes {
		fmt.Fprintln(s.Out, "  "+note)
	}
}
