package blob

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"app-to-app/sandbox/store"
)

var (
	errBlockID   = &Error{http.StatusBadRequest, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid: blockid."}
	errBlock     = &Error{http.StatusBadRequest, "InvalidBlobOrBlock", "The specified blob or block content is invalid."}
	errBlockList = &Error{http.StatusBadRequest, "InvalidBlockList", "The specified block list is invalid."}
	errXML       = &Error{http.StatusBadRequest, "InvalidXmlDocument", "XML specified is not syntactically valid."}
)

// blockListSize bounds a block list: 50,000 blocks of at most 64 bytes of id.
const blockListSize = 8 << 20

// putBlock stores one block until a block list names it.
// learn.microsoft.com/rest/api/storageservices/put-block
func (s *Service) putBlock(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("blockid")
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil || len(raw) == 0 || len(raw) > 64 {
		s.fail(w, r, errBlockID)
		return
	}
	sum, size, digest, err := s.receive(r)
	if err == nil {
		err = s.addBlock(r, store.Block{ID: id, SHA256: sum, Size: size})
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-MD5", digest)
	w.Header().Set("x-ms-request-server-encrypted", "true")
	w.WriteHeader(http.StatusCreated)
}

func (s *Service) addBlock(r *http.Request, block store.Block) error {
	account, container, name := strings.ToLower(r.PathValue("account")), r.PathValue("container"), r.PathValue("name")
	return s.store.Update(func(tx *store.Tx) error {
		b, ok := store.Blobs.Get(tx, key(account, container, name))
		if !ok {
			b = store.Blob{Account: account, Container: container, Name: name}
		}
		kept := make([]store.Block, 0, len(b.Uncommitted)+1)
		for _, other := range b.Uncommitted {
			// All block ids of a blob have the same length; the same id again
			// replaces the block.
			if len(other.ID) != len(block.ID) {
				return errBlock
			}
			if other.ID != block.ID {
				kept = append(kept, other)
			}
		}
		b.Uncommitted = append(kept, block)
		store.Blobs.Put(tx, key(account, container, name), b)
		return nil
	})
}

// A blockList is the body of Put Block List: the order of its elements is the
// order of the content.
type blockList struct {
	XMLName xml.Name `xml:"BlockList"`
	Entries []struct {
		XMLName xml.Name
		ID      string `xml:",chardata"`
	} `xml:",any"`
}

// putBlockList makes the named blocks the blob's content.
// learn.microsoft.com/rest/api/storageservices/put-block-list
func (s *Service) putBlockList(w http.ResponseWriter, r *http.Request) {
	var list blockList
	if err := xml.NewDecoder(io.LimitReader(r.Body, blockListSize)).Decode(&list); err != nil {
		s.fail(w, r, errXML)
		return
	}
	account, container, name := strings.ToLower(r.PathValue("account")), r.PathValue("container"), r.PathValue("name")
	var before store.Blob
	if err := s.store.View(func(tx *store.Tx) error {
		before, _ = store.Blobs.Get(tx, key(account, container, name))
		return nil
	}); err != nil {
		s.fail(w, r, err)
		return
	}
	blocks, err := choose(list, before)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	sum, size, err := s.join(blocks)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	kept, err := s.keep(store.Blob{
		Account: account, Container: container, Name: name, SHA256: sum, Size: size, Blocks: blocks,
		ContentType: r.Header.Get("x-ms-blob-content-type"), ContentMD5: r.Header.Get("x-ms-blob-content-md5"), Metadata: metadata(r.Header),
	}, conditions(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.created(w, r, kept)
}

// choose finds the blocks that a list names: among the committed or the
// uncommitted ones, as it says, and for Latest among the uncommitted first.
func choose(list blockList, b store.Blob) ([]store.Block, error) {
	committed, uncommitted := byID(b.Blocks), byID(b.Uncommitted)
	var chosen []store.Block
	for _, entry := range list.Entries {
		id := strings.TrimSpace(entry.ID)
		var block store.Block
		var ok bool
		switch entry.XMLName.Local {
		case "Committed":
			block, ok = committed[id]
		case "Uncommitted":
			block, ok = uncommitted[id]
		case "Latest":
			if block, ok = uncommitted[id]; !ok {
				block, ok = committed[id]
			}
		default:
			return nil, errXML
		}
		if !ok {
			return nil, errBlockList
		}
		chosen = append(chosen, block)
	}
	return chosen, nil
}

func byID(blocks []store.Block) map[string]store.Block {
	index := make(map[string]store.Block, len(blocks))
	for _, block := range blocks {
		index[block.ID] = block
	}
	return index
}

// join stores the blocks' bytes, one after the other, as one content.
func (s *Service) join(blocks []store.Block) (sum string, size int64, err error) {
	readers := make([]io.Reader, 0, len(blocks))
	for _, block := range blocks {
		f, err := os.Open(s.store.ContentPath(block.SHA256))
		if err != nil {
			return "", 0, fmt.Errorf("join blocks: %w", err)
		}
		defer f.Close()
		readers = append(readers, f)
	}
	return s.store.PutContent(io.MultiReader(readers...))
}
