package blob

import (
	"crypto/md5"
	"io"
	"strings"

	"app-to-app/sandbox/store"
)

// Write stores content as a block blob as a principal, like App Service with a
// published package. The principal needs the same role as over HTTP. A refusal is
// an [*Error] (errors.As).
func (s *Service) Write(tenantID, principalID, account, container, name, contentType string, content io.Reader) error {
	if err := s.allowed(tenantID, principalID, writeBlob, account, container); err != nil {
		return err
	}
	digest := md5.New()
	sum, size, err := s.store.PutContent(io.TeeReader(content, digest))
	if err != nil {
		return err
	}
	_, err = s.keep(store.Blob{
		Account: strings.ToLower(account), Container: container, Name: name,
		SHA256: sum, Size: size, ContentType: contentType, ContentMD5: encode(digest),
	}, condition{})
	return err
}

// Read returns the file with a blob's content, as a principal. A refusal is an
// [*Error] (errors.As). The file must not be changed; it stays when the blob is
// deleted.
func (s *Service) Read(tenantID, principalID, account, container, name string) (path string, err error) {
	if err := s.allowed(tenantID, principalID, readBlob, account, container); err != nil {
		return "", err
	}
	found, err := s.find(account, container, name)
	if err != nil {
		return "", err
	}
	return s.store.ContentPath(found.SHA256), nil
}
