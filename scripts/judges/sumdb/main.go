// Command sumdb judges a C2SP tlog-tiles log with golang.org/x/mod/sumdb, the implementation behind
// Go's checksum database. It shares no code with the log under judgement.
//
//	sumdb PREFIX [PROOFS]
//
// PREFIX is a folder or an http(s) URL that holds checkpoint, tile/… and vkey. PROOFS is a file of
// JSON lines made by the log itself: {"index":…,"size":…,"path":[…]} for inclusion and
// {"old":…,"new":…,"path":[…]} for consistency, hashes in base64. Exit status 0: everything holds.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	leaves = 1000 // random leaves to examine
	pairs  = 300  // consistency of all pairs of sizes up to this
)

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fail("usage: sumdb PREFIX [PROOFS]")
	}
	prefix := os.Args[1]
	tree := openCheckpoint(prefix)
	reader := tlog.TileHashReader(tree, &tiles{prefix: prefix})
	fmt.Printf("checkpoint of %d entries: signature good\n", tree.N)
	if len(os.Args) == 3 {
		fmt.Printf("%d proofs of the log: checked\n", checkProofs(os.Args[2], prefix, tree, reader))
	}
	fmt.Printf("%d random leaves: proved and checked\n", checkLeaves(prefix, tree, reader))
	fmt.Printf("%d pairs of sizes: proved and checked\n", checkPairs(prefix, tree, reader))
}

// openCheckpoint verifies the note and reads the three lines of c2sp.org/tlog-checkpoint.
func openCheckpoint(prefix string) tlog.Tree {
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(prefix, "vkey"))))
	check(err, "vkey")
	signed, err := note.Open(read(prefix, "checkpoint"), note.VerifierList(verifier))
	check(err, "checkpoint")
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("checkpoint: origin is not the key's name")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "checkpoint size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "checkpoint root")
	return tlog.Tree{N: size, Hash: root}
}

// checkLeaves takes random entries from their bundles and proves each with nothing but tiles, which
// TileHashReader authenticates against the checkpoint's root.
func checkLeaves(prefix string, tree tlog.Tree, reader tlog.HashReader) int {
	random := rand.New(rand.NewSource(time.Now().UnixNano()))
	for i := 0; i < leaves; i++ {
		index := random.Int63n(tree.N)
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		check(err, fmt.Sprintf("proving entry %d", index))
		hash := tlog.RecordHash(entry(prefix, index, tree.N))
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, hash), fmt.Sprintf("entry %d", index))
	}
	return leaves
}

// checkPairs builds the tree of the first entries by itself, and proves with it what the tiles' roots
// must bear out.
func checkPairs(prefix string, tree tlog.Tree, reader tlog.HashReader) int {
	var own memory
	count := 0
	for larger := int64(1); larger <= pairs && larger <= tree.N; larger++ {
		hashes, err := tlog.StoredHashes(larger-1, entry(prefix, larger-1, tree.N), own)
		check(err, fmt.Sprintf("tree of %d", larger))
		own = append(own, hashes...)
		for smaller := int64(1); smaller <= larger; smaller++ {
			proof, err := tlog.ProveTree(larger, smaller, own)
			check(err, fmt.Sprintf("proving %d in %d", smaller, larger))
			old, new := treeHash(smaller, reader), treeHash(larger, reader)
			check(tlog.CheckTree(proof, larger, new, smaller, old), fmt.Sprintf("%d in %d", smaller, larger))
			count++
		}
	}
	return count
}

type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		found = append(found, m[index])
	}
	return found, nil
}

// checkProofs judges proofs that the log made, against roots computed from its tiles.
func checkProofs(name, prefix string, tree tlog.Tree, reader tlog.HashReader) int {
	file, err := os.Open(name)
	check(err, name)
	defer file.Close()
	lines, count := bufio.NewScanner(file), 0
	for ; lines.Scan(); count++ {
		var proof struct {
			Index, Size, Old, New int64
			Path                  []tlog.Hash
		}
		check(json.Unmarshal(lines.Bytes(), &proof), "proof")
		if proof.Size > 0 {
			hash := tlog.RecordHash(entry(prefix, proof.Index, tree.N))
			root := treeHash(proof.Size, reader)
			err = tlog.CheckRecord(tlog.RecordProof(proof.Path), proof.Size, root, proof.Index, hash)
		} else {
			old, new := treeHash(proof.Old, reader), treeHash(proof.New, reader)
			err = tlog.CheckTree(tlog.TreeProof(proof.Path), proof.New, new, proof.Old, old)
		}
		check(err, lines.Text())
	}
	check(lines.Err(), name)
	return count
}

var roots = map[int64]tlog.Hash{}

func treeHash(size int64, reader tlog.HashReader) tlog.Hash {
	if root, known := roots[size]; known {
		return root
	}
	root, err := tlog.TreeHash(size, reader)
	check(err, fmt.Sprintf("tree of %d", size))
	roots[size] = root
	return root
}

var bundles = map[string][][]byte{}

// entry cuts one entry out of its bundle: big-endian uint16 lengths, 256 entries a bundle.
func entry(prefix string, index, size int64) []byte {
	width := size - index/256*256
	path := "tile/entries/" + strings.TrimPrefix(tlog.Tile{H: 8, L: 0, N: index / 256, W: 256}.Path(), "tile/8/0/")
	if width < 256 {
		path += fmt.Sprintf(".p/%d", width)
	}
	if bundles[path] == nil {
		for data := read(prefix, path); len(data) > 0; {
			length := int(binary.BigEndian.Uint16(data))
			bundles[path] = append(bundles[path], data[2:2+length])
			data = data[2+length:]
		}
	}
	return bundles[path][index%256]
}

// tiles reads hash tiles where tlog-tiles puts them: the same path without the height.
type tiles struct {
	prefix string
	cache  map[string][]byte
}

func (t *tiles) Height() int { return 8 }

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		if t.cache[path] == nil {
			if t.cache == nil {
				t.cache = map[string][]byte{}
			}
			t.cache[path] = read(t.prefix, path)
		}
		data = append(data, t.cache[path])
	}
	return data, nil
}

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func read(prefix, path string) []byte {
	if !strings.HasPrefix(prefix, "http") {
		data, err := os.ReadFile(filepath.Join(prefix, path))
		check(err, path)
		return data
	}
	response, err := http.Get(strings.TrimSuffix(prefix, "/") + "/" + path)
	check(err, path)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		fail(path + ": " + response.Status)
	}
	data, err := io.ReadAll(response.Body)
	check(err, path)
	return data
}

func check(err error, what string) {
	if err != nil {
		fail(what + ": " + err.Error())
	}
}

func fail(reason string) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}
