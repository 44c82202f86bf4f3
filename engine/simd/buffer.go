// Buffers: arrays in memory that computations take and give.

package simd

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
)

var errBackendFinalised = errors.New("simd: the backend is finalised: open a new one")

// Buffer is an array in row-major order at a cache line's beginning. It can be used by several goroutines at a time.
type Buffer struct {
	backend *Backend
	shape   shapes.Shape
	lost    runtime.Cleanup // counts the memory off if the buffer is dropped without Finalize

	mutex sync.Mutex
	block []byte
	users int  // readers and executions that the memory must outlive
	ended bool // finalised or donated
}

var _ compute.Buffer = (*Buffer)(nil)

// newBuffer makes a buffer of a block from the backend's memory.
func (b *Backend) newBuffer(shape shapes.Shape, block []byte) *Buffer {
	buffer := &Buffer{backend: b, shape: shape, block: block}
	buffer.lost = runtime.AddCleanup(buffer, b.memory.lose, cap(block))
	return buffer
}

// acquire gives the memory, to be used until release.
func (b *Buffer) acquire() ([]byte, error) {
	if b.backend.IsFinalized() {
		return nil, errBackendFinalised
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.ended {
		return nil, fmt.Errorf("simd: buffer %s is used after it was finalised or donated", b.shape)
	}
	b.users++
	return b.block, nil
}

// release ends a use.
func (b *Buffer) release() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.users--
	b.reclaim()
}

// donate ends the buffer of one who has acquired it, and tells whether no one else is using the memory.
func (b *Buffer) donate() (alone bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.ended = true
	return b.users == 1
}

// moveTo makes a new buffer of a donated buffer's memory. What is left gives nothing back when it is released.
func (b *Buffer) moveTo(shape shapes.Shape) *Buffer {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.lost.Stop()
	block := b.block
	b.block = nil
	return b.backend.newBuffer(shape, block[:ir.Bytes(shape)])
}

// reclaim gives the memory back when the buffer has ended and no one uses it.
func (b *Buffer) reclaim() {
	if b.ended && b.users == 0 && b.block != nil {
		b.lost.Stop()
		b.backend.memory.give(b.block)
		b.block = nil
	}
}

// Backend implements compute.Buffer.
func (b *Buffer) Backend() compute.Backend { return b.backend }

// Finalize gives the memory back, for use by another buffer: slices from Data must not be used any more. Finalising twice,
// or after the buffer was donated, does nothing.
func (b *Buffer) Finalize() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.ended = true
	b.reclaim()
	return nil
}

// Shape implements compute.Buffer.
func (b *Buffer) Shape() (shapes.Shape, error) {
	if _, err := b.acquire(); err != nil {
		return shapes.Invalid(), err
	}
	defer b.release()
	return b.shape, nil
}

// DeviceNum implements compute.Buffer: there is device 0 alone.
func (b *Buffer) DeviceNum() (compute.DeviceNum, error) { return 0, nil }

// ToFlatData copies the values to a slice of the buffer's type and size.
func (b *Buffer) ToFlatData(flat any) error {
	dtype, dst, err := flatBytes(flat)
	if err != nil {
		return fmt.Errorf("simd: copying buffer %s: %w", b.shape, err)
	}
	src, err := b.acquire()
	if err != nil {
		return err
	}
	defer b.release()
	if dtype != b.shape.DType || len(dst) != len(src) {
		return fmt.Errorf("simd: copying buffer %s: the slice to copy to holds %d bytes of %s", b.shape, len(dst), dtype)
	}
	copy(dst, src)
	return nil
}

// Data gives the values as they lie in memory. The slice is good until the buffer is finalised or donated.
func (b *Buffer) Data() (flat any, err error) {
	block, err := b.acquire()
	if err != nil {
		return nil, err
	}
	defer b.release()
	return typed(b.shape, block), nil
}

// CopyToDevice copies to device 0, the only one.
func (b *Buffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	if err := oneDevice(device); err != nil {
		return nil, err
	}
	block, err := b.acquire()
	if err != nil {
		return nil, err
	}
	defer b.release()
	clone := b.backend.memory.take(len(block))
	copy(clone, block)
	return b.backend.newBuffer(b.shape, clone), nil
}

// BufferFromFlatData makes a buffer with a copy of a slice's values.
func (b *Backend) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	if err := b.checkBuffer(device, shape); err != nil {
		return nil, err
	}
	dtype, src, err := flatBytes(flat)
	if err != nil {
		return nil, fmt.Errorf("simd: making buffer %s: %w", shape, err)
	}
	if dtype != shape.DType || len(src) != ir.Bytes(shape) {
		return nil, fmt.Errorf("simd: making buffer %s: the slice holds %d bytes of %s", shape, len(src), dtype)
	}
	block := b.memory.take(len(src))
	copy(block, src)
	return b.newBuffer(plain(shape), block), nil
}

// HasSharedBuffers implements compute.Backend: Buffer.Data works.
func (b *Backend) HasSharedBuffers() bool { return true }

// NewSharedBuffer makes a buffer of arbitrary contents and gives its memory, as Buffer.Data does.
func (b *Backend) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	if err := b.checkBuffer(device, shape); err != nil {
		return nil, nil, err
	}
	buffer := b.newBuffer(plain(shape), b.memory.take(ir.Bytes(shape)))
	return buffer, typed(shape, buffer.block), nil
}

func (b *Backend) checkBuffer(device compute.DeviceNum, shape shapes.Shape) error {
	if b.IsFinalized() {
		return errBackendFinalised
	}
	if err := checkShape(shape); err != nil {
		return fmt.Errorf("simd: making a buffer: %w", err)
	}
	return oneDevice(device)
}

func oneDevice(device compute.DeviceNum) error {
	if device != 0 {
		return fmt.Errorf("simd: there is no device %d: device 0 is the only one", device)
	}
	return nil
}

// flatBytes gives the type and the memory of a slice of numbers or Booleans.
func flatBytes(flat any) (dtypes.DType, []byte, error) {
	v := reflect.ValueOf(flat)
	if v.Kind() != reflect.Slice {
		return dtypes.InvalidDType, nil, fmt.Errorf("flat data must be a slice, not %T", flat)
	}
	dtype := dtypes.FromGoType(v.Type().Elem())
	if !capabilities.DTypes[dtype] {
		return dtypes.InvalidDType, nil, fmt.Errorf("flat data must be a slice of numbers or bool, not %T", flat)
	}
	return dtype, unsafe.Slice((*byte)(v.UnsafePointer()), v.Len()*ir.ByteSize(dtype)), nil
}

// typed sees memory as a slice of a shape's Go type.
func typed(shape shapes.Shape, block []byte) any {
	if len(block) == 0 {
		return dtypes.MakeAnySlice(shape.DType, 0)
	}
	return dtypes.UnsafeAnySliceFromBytes(unsafe.Pointer(unsafe.SliceData(block)), shape.DType, shape.Size())
}
