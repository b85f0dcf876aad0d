package clients_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// This file runs the clients for Go of what stores data: blobs and secrets.

func TestAzblob(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	address := e.container(e.group("rg"), "itaccount")
	c := newClient(t, e, "azblob", moduleVersion(t, "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"))
	client, err := azblob.NewClient(address[:len(address)-len("packages")], e.credential(), &azblob.ClientOptions{ClientOptions: e.options()})
	client, ctx := must(e, client, err), t.Context()
	content := bytes.Repeat([]byte("orders"), 1000)
	c.does("UploadBuffer", func() error { _, err := client.UploadBuffer(ctx, "packages", "a.zip", content, nil); return err })
	c.does("UploadStream, in blocks", func() error {
		_, err := client.UploadStream(ctx, "packages", "b.zip", bytes.NewReader(content), &azblob.UploadStreamOptions{BlockSize: 1000})
		return err
	})
	c.does("NewListBlobsFlatPager", func() error {
		got, err := all(ctx, client.NewListBlobsFlatPager("packages", nil), func(page azblob.ListBlobsFlatResponse) []string {
			var names []string
			for _, blob := range page.Segment.BlobItems {
				names = append(names, *blob.Name)
			}
			return names
		})
		return same(got, err, "a.zip", "b.zip")
	})
	for _, name := range []string{"a.zip", "b.zip"} {
		c.does("DownloadStream of "+name, func() error {
			got, err := client.DownloadStream(ctx, "packages", name, nil)
			if err != nil {
				return err
			}
			defer got.Body.Close()
			read, err := io.ReadAll(got.Body)
			if err == nil && !bytes.Equal(read, content) {
				err = fmt.Errorf("expected the %d bytes that were uploaded, got %d others", len(content), len(read))
			}
			return err
		})
	}
	c.does("DeleteBlob", func() error { _, err := client.DeleteBlob(ctx, "packages", "a.zip", nil); return err })
	c.does("DownloadStream of what is deleted", func() error {
		_, err := client.DownloadStream(ctx, "packages", "a.zip", nil)
		return refusedWith(err, "BlobNotFound")
	})
}

func TestAzsecrets(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	vault := e.group("rg") + "/providers/Microsoft.KeyVault/vaults/it-vault"
	var made struct{ Properties struct{ VaultURI string } }
	e.do("PUT", vault+"?api-version=2023-07-01", map[string]any{"location": "westeurope", "properties": map[string]any{
		"tenantId": e.operator.ID, "sku": map[string]any{"family": "A", "name": "standard"}, "enableRbacAuthorization": true,
	}}, &made)
	c := newClient(t, e, "azsecrets", moduleVersion(t, "github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"))
	// The resource in a vault's challenge is of Azure's domain, and its host is
	// not: every private cloud has to say so.
	client, err := azsecrets.NewClient(made.Properties.VaultURI, e.credential(),
		&azsecrets.ClientOptions{ClientOptions: e.options(), DisableChallengeResourceVerification: true})
	client, ctx := must(e, client, err), t.Context()
	c.does("SetSecret", func() error {
		set, err := client.SetSecret(ctx, "it", azsecrets.SetSecretParameters{Value: to.Ptr("first")}, nil)
		if err != nil {
			return err
		}
		return same([]string{set.ID.Name()}, nil, "it")
	})
	c.does("GetSecret", func() error {
		got, err := client.GetSecret(ctx, "it", "", nil)
		if err == nil && *got.Value != "first" {
			err = fmt.Errorf("expected the value that was set, got another")
		}
		return err
	})
	c.does("NewListSecretPropertiesPager", func() error {
		got, err := all(ctx, client.NewListSecretPropertiesPager(nil), func(page azsecrets.ListSecretPropertiesResponse) []string {
			var names []string
			for _, secret := range page.Value {
				names = append(names, secret.ID.Name())
			}
			return names
		})
		return same(got, err, "it")
	})
	c.does("DeleteSecret", func() error { _, err := client.DeleteSecret(ctx, "it", nil); return err })
	c.does("RecoverDeletedSecret", func() error { _, err := client.RecoverDeletedSecret(ctx, "it", nil); return err })
	c.does("GetSecret of a name that is not there", func() error {
		_, err := client.GetSecret(ctx, "other", "", nil)
		return refusedWith(err, "SecretNotFound")
	})
}
