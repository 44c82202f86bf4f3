package simd

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/plan"
)

func TestBuffersHoldEveryType(t *testing.T) {
	b := open(t, "workers=1")
	for _, flat := range []any{[]float32{1, -2, 3}, []bfloat16.BFloat16{1, 2, 3}, []int8{-1, 0, 1}, []uint64{1, 2, 1 << 63},
		[]bool{true, false, true}, []int{1, 2, -3}} {
		dtype, _, err := flatBytes(flat)
		if err != nil {
			t.Fatal(err)
		}
		a := array{shapes.Make(dtype, 3, 1), flat}
		buffer, err := b.BufferFromFlatData(0, a.flat, a.shape)
		if err != nil {
			t.Errorf("%s: %v", dtype, err)
			continue
		}
		data, err := buffer.Data()
		if err != nil {
			t.Errorf("%s: %v", dtype, err)
		}
		copied := array{a.shape, dtypes.MakeAnySlice(dtype, 3)}
		if err := buffer.ToFlatData(copied.flat); err != nil {
			t.Errorf("%s: %v", dtype, err)
		}
		for _, got := range []array{{a.shape, data}, copied} {
			if !slices.Equal(memoryOf(got), memoryOf(a)) {
				t.Errorf("%s: %v, want %v", dtype, got.flat, a.flat)
			}
		}
	}
}

func TestSharedBuffersAreAlignedAndShared(t *testing.T) {
	b := open(t, "workers=1")
	for _, n := range []int{0, 1, 5, 1000, 100_000} {
		buffer, flat, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32, n))
		if err != nil {
			t.Fatal(err)
		}
		values := flat.([]float32)
		if len(values) != n {
			t.Fatalf("%d values, want %d", len(values), n)
		}
		if n == 0 {
			continue
		}
		if at := uintptr(unsafe.Pointer(&values[0])); at%plan.Line != 0 {
			t.Errorf("the memory of %d values begins at %#x, not at a cache line", n, at)
		}
		values[n-1] = 7
		again, err := buffer.Data()
		if err != nil {
			t.Fatal(err)
		}
		if again.([]float32)[n-1] != 7 {
			t.Error("a value written to shared memory is not in the buffer")
		}
	}
}

func TestBadBuffers(t *testing.T) {
	b := open(t, "workers=1")
	three := shapes.Make(dtypes.Float32, 3)
	for _, c := range []struct {
		flat   any
		shape  shapes.Shape
		device compute.DeviceNum
		err    string
	}{
		{[]float32{1, 2}, three, 0, "the slice holds 8 bytes of Float32"},
		{[]int32{1, 2, 3}, three, 0, "the slice holds 12 bytes of Int32"},
		{float32(1), three, 0, "must be a slice, not float32"},
		{nil, three, 0, "must be a slice"},
		{[]string{"a"}, three, 0, "not []string"},
		{[]float32{1, 2, 3}, three, 1, "there is no device 1"},
		{[]complex64{1}, shapes.Make(dtypes.Complex64, 1), 0, "not implemented"},
		{[]float32{1}, shapes.MakeDynamic(dtypes.Float32, []int{-1}, []string{"n"}), 0, "unknown size"},
		{[]float32{1}, shapes.Shape{DType: dtypes.Float32, Dimensions: []int{-3}}, 0, "negative size"},
	} {
		if _, err := b.BufferFromFlatData(c.device, c.flat, c.shape); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%v as %s: %v, want an error with %q", c.flat, c.shape, err, c.err)
		}
	}
	buffer, err := b.BufferFromFlatData(0, []float32{1, 2, 3}, three)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []any{make([]float32, 2), make([]int32, 3), 3} {
		if err := buffer.ToFlatData(to); err == nil {
			t.Errorf("3 values of Float32 were copied to %T %v", to, to)
		}
	}
}

func TestFinalisedBufferIsRefused(t *testing.T) {
	b := open(t, "workers=1")
	buffer, err := b.BufferFromFlatData(0, []float32{1, 2, 3}, shapes.Make(dtypes.Float32, 3))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := buffer.Finalize(); err != nil {
			t.Fatal(err)
		}
	}
	_, errData := buffer.Data()
	_, errShape := buffer.Shape()
	_, errCopy := buffer.CopyToDevice(0)
	for what, err := range map[string]error{"data": errData, "shape": errShape, "copy": errCopy,
		"values": buffer.ToFlatData(make([]float32, 3))} {
		if err == nil || !strings.Contains(err.Error(), "after it was finalised or donated") {
			t.Errorf("%s: %v, want an error about the finalised buffer", what, err)
		}
	}
}

func TestCopyToDeviceIsIndependent(t *testing.T) {
	b := open(t, "workers=1")
	buffer, flat, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32, 3))
	if err != nil {
		t.Fatal(err)
	}
	copy(flat.([]float32), []float32{1, 2, 3})
	clone, err := buffer.CopyToDevice(0)
	if err != nil {
		t.Fatal(err)
	}
	clear(flat.([]float32))
	got := make([]float32, 3)
	if err := clone.ToFlatData(got); err != nil || !slices.Equal(got, []float32{1, 2, 3}) {
		t.Errorf("%v, %v, want the values of the time of copying", got, err)
	}
	if _, err := buffer.CopyToDevice(1); err == nil {
		t.Error("there is no second device to copy to")
	}
}

// A finalised buffer's memory is used again, also by buffers of other shapes of the same size.
func TestMemoryIsUsedAgain(t *testing.T) {
	b := open(t, "workers=1")
	var first *float32
	for round := range 10 {
		dims := [][]int{{100, 10}, {1000}, {10, 100}}[round%3]
		buffer, flat, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32, dims...))
		if err != nil {
			t.Fatal(err)
		}
		at := &flat.([]float32)[0]
		if first == nil {
			first = at
		}
		if at != first {
			t.Fatalf("round %d: new memory at %p, want that of the finalised buffer at %p", round, at, first)
		}
		if err := buffer.Finalize(); err != nil {
			t.Fatal(err)
		}
	}
	size := ir.Bytes(shapes.Make(dtypes.Float32, 1000))
	if s := b.Memory(); s.Buffers != 0 || s.PeakBuffers < size || s.PeakBuffers > size+plan.Line || s.PeakTotal != s.PeakBuffers {
		t.Errorf("%+v, want nothing in use and a peak of %d to %d bytes", s, size, size+plan.Line)
	}
}

// What is kept for later is never more than what was in use at a time.
func TestMemoryOfOldSizesIsLetGo(t *testing.T) {
	b := open(t, "workers=1")
	const most = 300
	for n := 1; n <= most; n++ {
		buffer, _, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32, 1000*n))
		if err != nil {
			t.Fatal(err)
		}
		if err := buffer.Finalize(); err != nil {
			t.Fatal(err)
		}
	}
	if s := b.Memory(); s.PeakTotal > 2*s.PeakBuffers {
		t.Errorf("%+v: more is kept than was in use at a time", s)
	}
}

func TestDroppedBuffersAreNotCounted(t *testing.T) {
	b := open(t, "workers=1")
	for range 10 {
		if _, _, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if b.Memory().Buffers == 0 {
			return
		}
	}
	t.Errorf("%+v after the buffers are gone", b.Memory())
}

func TestBuffersFromManyGoroutines(t *testing.T) {
	b := open(t, "workers=1")
	var all sync.WaitGroup
	for user := range 8 {
		all.Go(func() {
			want := slices.Repeat([]int32{int32(user)}, 100)
			got := make([]int32, 100)
			for range 200 {
				buffer, err := b.BufferFromFlatData(0, want, shapes.Make(dtypes.Int32, 100))
				if err != nil {
					t.Error(err)
					return
				}
				if err := buffer.ToFlatData(got); err != nil || !slices.Equal(got, want) {
					t.Errorf("another goroutine's values are in a buffer: %v, %v", got, err)
				}
				if err := buffer.Finalize(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if s := b.Memory(); s.Buffers != 0 {
		t.Errorf("%+v, want nothing in use", s)
	}
}
