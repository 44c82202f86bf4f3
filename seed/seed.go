// Package seed turns coordinates into random numbers.
//
// Every random decision of the project is a pure function of the run's seed, what the number is for, and where in the
// run it is drawn (epoch, index of the sample, view...). There is no global generator, so the order in which workers
// run cannot change a result, and a resumed run draws what the uninterrupted one would have drawn.
package seed

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
)

// Rand returns the generator of one decision: a ChaCha8 stream whose 256-bit key is a hash of the seed, the purpose
// ("mask", "crop"...) and the coordinates at ("epoch 3, index 17"). Equal arguments give equal streams, on every machine.
func Rand(seed uint64, purpose string, at ...uint64) *rand.Rand {
	var key [32]byte
	for lane := range 4 {
		h := fnv.New64a()
		word := func(v uint64) { _ = binary.Write(h, binary.LittleEndian, v) } // a hash never fails to write
		word(uint64(lane))
		word(seed)
		word(uint64(len(purpose)))
		_, _ = h.Write([]byte(purpose))
		for _, v := range at {
			word(v)
		}
		binary.LittleEndian.PutUint64(key[8*lane:], mix(h.Sum64()))
	}
	return rand.New(rand.NewChaCha8(key))
}

// mix spreads every input bit over the word (the splitmix64 finaliser), since FNV leaves the high bits of short inputs alike.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
