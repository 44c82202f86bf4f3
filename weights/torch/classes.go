// What classes and functions a checkpoint may name, and what those make that its tensors consist of.

package torch

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"videomae/weights"
	"videomae/weights/pickle"
)

// storageTypes gives the element type of the classes of storages.
var storageTypes = map[string]weights.DType{
	"FloatStorage": weights.F32, "HalfStorage": weights.F16, "BFloat16Storage": weights.BF16, "DoubleStorage": weights.F64,
	"LongStorage": weights.I64, "IntStorage": weights.I32, "CharStorage": weights.I8, "ByteStorage": weights.U8, "BoolStorage": weights.BOOL,
	"ShortStorage": "I16", "ComplexFloatStorage": "C64", "ComplexDoubleStorage": "C128",
}

// allowed are the classes and functions that checkpoints are known to name, beside those of the modules below. None is called: what they
// would make stays a record of the call, and only tensors, dictionaries and the settings of a run are looked at.
var allowed = []string{
	"argparse.Namespace", "types.SimpleNamespace", "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "collections.deque",
	"copyreg._reconstructor", "copy_reg._reconstructor", "_codecs.encode", "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath",
	"datetime.datetime", "datetime.timedelta", "decimal.Decimal", "yacs.config.CfgNode", "easydict.EasyDict", "addict.addict.Dict",
	"builtins.set", "builtins.frozenset", "builtins.list", "builtins.dict", "builtins.tuple", "builtins.int", "builtins.float", "builtins.bool", "builtins.str",
	"builtins.complex", "builtins.slice", "builtins.range", "builtins.bytearray", "builtins.object",
	"__builtin__.set", "__builtin__.frozenset", "__builtin__.list", "__builtin__.dict", "__builtin__.tuple", "__builtin__.int", "__builtin__.long",
	"__builtin__.float", "__builtin__.bool", "__builtin__.str", "__builtin__.unicode", "__builtin__.complex", "__builtin__.slice", "__builtin__.xrange",
	"__builtin__.bytearray", "__builtin__.object",
}

// allowedModules are modules any of whose classes may be named: those of training programs, which put their own objects beside the weights.
var allowedModules = []string{"torch", "numpy", "deepspeed", "timm", "mmengine", "mmcv", "omegaconf", "apex", "pytorch_lightning", "lightning"}

// forbidden are the parts of those modules that run what they are given.
var forbidden = []string{"numpy.testing", "numpy.f2py", "numpy.distutils", "torch.hub", "torch.utils.cpp_extension", "torch._inductor", "torch.jit", "torch.package", "torch.distributed.run"}

// allow is an error for a class that is neither known nor accepted by the caller.
func (o Options) allow(g pickle.Global) error {
	name := g.String()
	inside := func(module string) bool { return name == module || strings.HasPrefix(name, module+".") }
	if slices.Contains(allowed, name) || slices.ContainsFunc(allowedModules, inside) && !slices.ContainsFunc(forbidden, inside) {
		return nil
	}
	if o.Allow != nil && o.Allow(g) {
		return nil
	}
	return fmt.Errorf("it names %s, which no checkpoint needs (nothing was run)", name)
}

// call makes the few objects that tensors consist of.
func call(f pickle.Global, args pickle.Tuple) (any, bool, error) {
	switch f.String() {
	case "collections.OrderedDict", "collections.defaultdict", "collections.Counter":
		return dict(args), true, nil
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		t, err := rebuild(args)
		return t, true, err
	case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
		if len(args) == 0 {
			return nil, true, errors.New("no data")
		}
		return args[0], true, nil
	case "torch.Size", "builtins.tuple", "__builtin__.tuple":
		if len(args) == 1 {
			if t, ok := args[0].(pickle.Tuple); ok {
				return t, true, nil
			}
			if l, ok := args[0].(*pickle.List); ok {
				return pickle.Tuple(l.Items), true, nil
			}
		}
	}
	return nil, false, nil
}

// dict makes the dictionary that a class of dictionaries makes of its arguments: nothing, a list of pairs, or (of a defaultdict) what to put
// in place of missing values.
func dict(args pickle.Tuple) *pickle.Dict {
	d := &pickle.Dict{}
	for _, arg := range args {
		pairs, ok := arg.(*pickle.List)
		if !ok {
			continue
		}
		for _, p := range pairs.Items {
			switch pair := p.(type) {
			case pickle.Tuple:
				if len(pair) == 2 {
					d.Set(pair[0], pair[1])
				}
			case *pickle.List:
				if len(pair.Items) == 2 {
					d.Set(pair.Items[0], pair.Items[1])
				}
			}
		}
	}
	return d
}

// rebuild makes a tensor of its storage, offset, shape and strides.
func rebuild(args pickle.Tuple) (*tensor, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("%d arguments", len(args))
	}
	s, ok := args[0].(*storage)
	if !ok {
		return nil, fmt.Errorf("a %s in place of a storage", describe(args[0]))
	}
	t := &tensor{storage: s}
	if t.offset, ok = args[1].(int64); !ok {
		return nil, errors.New("an offset that is not a number")
	}
	shape, err := integers(args[2])
	if err != nil {
		return nil, err
	}
	for _, n := range shape {
		t.shape = append(t.shape, int(n))
	}
	t.stride, err = integers(args[3])
	return t, err
}

func integers(v any) ([]int64, error) {
	items, ok := v.(pickle.Tuple)
	if !ok {
		return nil, fmt.Errorf("a %s in place of a shape", describe(v))
	}
	out := make([]int64, 0, len(items))
	for _, item := range items {
		n, ok := item.(int64)
		if !ok {
			return nil, fmt.Errorf("a %s in a shape", describe(item))
		}
		out = append(out, n)
	}
	return out, nil
}

// storages keeps one storage for each key.
type storages map[string]*storage

// load resolves a reference to a storage: ("storage", class, key, device, number of values[, view]). Old files refer to modules as
// ("module", class, ...) too, which stand for the class.
func (all storages) load(id any) (any, error) {
	tuple, ok := id.(pickle.Tuple)
	if !ok || len(tuple) < 2 {
		return nil, fmt.Errorf("a reference that is a %s", describe(id))
	}
	if tuple[0] == "module" {
		return tuple[1], nil
	}
	if tuple[0] != "storage" || len(tuple) < 5 {
		return nil, errors.New("a reference to something that is not a storage")
	}
	class, ok1 := tuple[1].(pickle.Global)
	key, ok2 := tuple[2].(string)
	n, ok3 := tuple[4].(int64)
	if !ok1 || !ok2 || !ok3 {
		return nil, errors.New("a reference to a storage without class, key and size")
	}
	dtype, ok := storageTypes[class.Name]
	if !ok {
		dtype = weights.DType(class.Name) // refused when a tensor of it is wanted
	}
	s, ok := all[key]
	if !ok {
		s = &storage{key: key, dtype: dtype, n: n}
		all[key] = s
	}
	if s.dtype != dtype || s.n != n {
		return nil, fmt.Errorf("storage %q is both %d %s values and %d %s values", key, s.n, s.dtype, n, dtype)
	}
	if len(tuple) > 5 && tuple[5] != nil {
		return s.view(tuple[5])
	}
	return s, nil
}
