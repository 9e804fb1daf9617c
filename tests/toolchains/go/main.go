// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A small tool in Go: flags, files, JSON, sorting, goroutines, a panic that is recovered, an exit code.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type entry struct {
	Word  string `json:"word"`
	Count int    `json:"count"`
}

func count(text string, into map[string]int) {
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' }) {
		into[word]++
	}
}

func guarded(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v", r)
		}
	}()
	f()
	return nil
}

func main() {
	top := flag.Int("top", 3, "how many")
	flag.Parse()
	counts := map[string]int{}
	data, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	count(string(data), counts)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		count(in.Text(), counts)
	}
	var entries []entry
	for word, n := range counts {
		entries = append(entries, entry{word, n})
	}
	sort.Slice(entries, func(i, j int) bool {
		a, b := entries[i], entries[j]
		return a.Count > b.Count || a.Count == b.Count && a.Word < b.Word
	})
	out, _ := json.Marshal(entries[:min(*top, len(entries))])
	fmt.Println(string(out))
	fmt.Printf("%x\n", sha256.Sum256(data))

	var wait sync.WaitGroup
	results := make(chan int, 10)
	for i := range 10 {
		wait.Add(1)
		go func() { defer wait.Done(); time.Sleep(time.Duration(10-i) * time.Millisecond); results <- i * i }()
	}
	wait.Wait()
	close(results)
	sum := 0
	for r := range results {
		sum += r
	}
	var none []int
	fmt.Println(sum, guarded(func() { _ = none[3] }), os.Getenv("NAME"), time.Now().UTC().Format("2006-01-02"))
	_, err = os.ReadFile("/etc/passwd")
	fmt.Println(errors.Is(err, fs.ErrPermission), err)
	if err := os.WriteFile("/data/out.txt", []byte("from go\n"), 0o644); err != nil {
		fmt.Println(err)
	}
	os.Exit(7)
}
