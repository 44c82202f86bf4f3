package hub

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// New is a client as the environment asks for it, with the variables of huggingface_hub: HF_ENDPOINT, HF_HUB_CACHE or HUGGINGFACE_HUB_CACHE,
// HF_HOME, HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE, HF_TOKEN, or the token in the file HF_TOKEN_PATH or HF_HOME/token.
func New() (*Client, error) {
	home, err := cacheHome()
	if err != nil {
		return nil, err
	}
	token := first("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
	if token == "" {
		path := expand(first("HF_TOKEN_PATH"))
		if path == "" {
			path = filepath.Join(home, "token")
		}
		text, _ := os.ReadFile(path) // most have none, and the hub says where one is needed
		token = string(text)
	}
	token = strings.TrimSpace(token)
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("the token of the hub (HF_TOKEN or its file) has characters that no token has")
	}
	c := &Client{
		Endpoint: strings.TrimRight(first("HF_ENDPOINT"), "/"),
		Cache:    expand(first("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")),
		Offline:  slices.Contains([]string{"1", "true", "yes", "on"}, strings.ToLower(first("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))),
		Pause:    time.Second, Stall: time.Minute,
		token: func() string { return token },
	}
	if c.Endpoint == "" {
		c.Endpoint = "https://huggingface.co"
	}
	if c.Cache == "" {
		c.Cache = filepath.Join(home, "hub")
	}
	c.http = &http.Client{CheckRedirect: redirect}
	return c, nil
}

// cacheHome is the folder of everything that programs of the hub keep.
func cacheHome() (string, error) {
	if home := expand(first("HF_HOME")); home != "" {
		return home, nil
	}
	if cache := expand(first("XDG_CACHE_HOME")); cache != "" {
		return filepath.Join(cache, "huggingface"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("the cache of the hub: set HF_HOME to a folder: %w", err)
	}
	return filepath.Join(home, ".cache", "huggingface"), nil
}

// first is the first of some variables of the environment that is set.
func first(names ...string) string {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}

// expand replaces ~ at the beginning of a path.
func expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}
