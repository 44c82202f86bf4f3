# VideoMAE for Go. `make demo` shows what it does, `make test` checks that it is right; `make build` makes bin/videomae.
#
#   TAGS      build tags: libav (needs cgo) where pkg-config finds FFmpeg's libraries, xla (needs cgo) where
#             PJRT_PLUGIN_LIBRARY_PATH names a folder of XLA plugins; TAGS= leaves both out
#   VIDEOMAE_GOLDEN, for golden: folder of reference numbers, from here; default ../shared/golden
#   PYTHON, PEER, ROUNDS, BENCH, for bench: Python with PyTorch (for bench-decode: decord and PyAV), its script, rounds, other flags
#   VIDEOS, PACK, for bench-decode: files, and a pack of them

# The go engine, which others are compared with, multiplies matrices ten times faster with the compiler's vector instructions.
export GOEXPERIMENT ?= simd
LIBAV = $(shell command -v gcc >/dev/null && pkg-config --exists 'libavformat >= 59 libavformat < 62 libavcodec libswscale libavutil' 2>/dev/null && echo libav)
TAGS ?= $(LIBAV) $(if $(PJRT_PLUGIN_LIBRARY_PATH),xla)
GO_FLAGS = -tags '$(TAGS)'

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.7.0

.PHONY: build demo test test-full golden bench bench-decode lint race fuzz system-packages-demo system-packages-test

build:
	go build -trimpath $(GO_FLAGS) -o bin/videomae ./cmd/videomae

# ---- demo: clips of moving shapes, a few minutes of training, and what the model then sees

DEMO = build/demo
# a video that the model has not been trained on: the first of the split val
UNSEEN = $(DEMO)/clips/$$(awk -F, '$$3 == "val" { print $$1; exit }' $(DEMO)/clips/clips.csv)

demo: system-packages-demo build
	rm -rf $(DEMO)
	bin/videomae synth --out $(DEMO)/clips --clips 300
	bin/videomae pretrain --recipe demo --data $(DEMO)/clips/clips.csv --out $(DEMO)/run
	bin/videomae reconstruct --checkpoint $(DEMO)/run --video $(UNSEEN) --out $(DEMO)/pictures
	@echo
	@echo 'Look at:'
	@echo '  $(DEMO)/run/loss.png   the loss, beside that of predictors that learn nothing'
	@echo '  $(DEMO)/pictures/      a clip the model never saw: original, masked input, reconstruction'

# ---- tests

test: system-packages-test lint
	go test -timeout 30m $(GO_FLAGS) ./...
	$(MAKE) --no-print-directory race

# The long forms of tests (2,000 training steps and 20,000 clips without growth of memory, 200 damaged files, thousands of random graphs), then everything under the race
# detector. checkptr is off because the go engine, which results are compared with, does not pass it.
test-full: test fuzz
	VIDEOMAE_LONG=1 go test -count=1 -timeout 60m $(GO_FLAGS) ./train -run 'Soak|EnginesCome' -v
	VIDEOMAE_LONG=1 go test -count=1 -timeout 60m $(GO_FLAGS) ./convert ./golden ./onnx
	VIDEOMAE_LONG=1 go test -count=1 -timeout 120m $(GO_FLAGS) ./dataset/check ./video/isolated ./video/libav
	go test -count=1 -timeout 60m $(GO_FLAGS) ./engine/simd -run RandomGraphs -graphs 6000
	go test -race -gcflags=all=-d=checkptr=0 -timeout 120m $(GO_FLAGS) ./...

# Packages that share memory between goroutines and do little arithmetic, which the race detector makes ten times slower.
race:
	go test -race -timeout 10m $(GO_FLAGS) ./dataset/... ./engine/simd/fuse ./engine/simd/ir ./engine/simd/plan ./engine/simd/pool ./frames/... \
		./eval ./lab ./metrics ./optim ./probe ./recipe ./report/page ./seed ./synth ./video/... ./weights/...

# Against numbers of the official code: the ladder (outputs, gradients, training steps) on each engine, then position table, schedules,
# masks, sampling, crops, merging of views, features and weight files.
golden: export VIDEOMAE_GOLDEN ?= ../shared/golden
golden:
	@[ -d '$(VIDEOMAE_GOLDEN)/model' ] || { echo 'no reference numbers in $(VIDEOMAE_GOLDEN): name their folder by VIDEOMAE_GOLDEN='; exit 1; }
	VIDEOMAE_LONG=1 go test ./golden -run TestLadder -v -count=1 -timeout 60m $(GO_FLAGS)
	go test ./classify ./convert ./eval ./extract ./frames/... ./mae ./masking ./onnx ./optim ./video ./vit ./weights/... -count=1 $(GO_FLAGS)

lint:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted by gofmt: $$unformatted"; exit 1; }
	go vet $(GO_FLAGS) ./...
	go vet -tags xla ./engine
	CGO_ENABLED=0 go vet ./internal/cli ./video/...
	go run $(STATICCHECK) $(GO_FLAGS) ./...

# Feeds each parser of foreign files this many broken inputs.
FUZZ_INPUTS = 5000
fuzz:
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ_INPUTS)x || exit 1; \
		done; \
	done

# ---- speed: this program's engines and PyTorch, taking turns

PYTHON ?= python3
PEER ?= ../shared/peers/torch_step.py
ROUNDS ?= 3
BENCH ?=

bench: build
	go run ./bench/step -videomae bin/videomae -python '$(PYTHON)' -peer '$(PEER)' -rounds $(ROUNDS) $(BENCH)

VIDEOS ?= $(wildcard ../shared/data/decode/*.mp4 ../shared/data/actrec/*/*1.mp4)
PACK ?=

bench-decode: build
	go run ./bench/decode -videomae bin/videomae -python '$(PYTHON)' -rounds $(ROUNDS) $(if $(PACK),-pack '$(PACK)') $(BENCH) $(VIDEOS)

# ---- what the system must have besides Go

system-packages-demo system-packages-test: system-packages-%:
	@scripts/system-packages.sh $*
