package arm_test

import "testing"

const (
	blobService = account + "/blobServices/default"
	softDelete  = `{"properties":{"deleteRetentionPolicy":{"enabled":true,"days":7},"containerDeleteRetentionPolicy":{"enabled":true,"days":7}}}`
)

// TestBlobServiceOfAnAccount: an account has one from the start, and an update
// keeps what it leaves out.
func TestBlobServiceOfAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	get := request{method: "GET", path: blobService}
	w.shows(200, get, "properties.deleteRetentionPolicy.enabled=false")
	w.follow(put(account, accountBody))
	w.follow(put(blobService, softDelete))
	w.follow(put(account, accountBody)) // an update of the account
	w.shows(200, put(blobService, `{"properties":{}}`), "properties.containerDeleteRetentionPolicy.days=7")
	w.shows(200, get, "properties.deleteRetentionPolicy.enabled=true")
	w.follow(request{method: "DELETE", path: account})
	w.shows(404, get, "")
}

func TestBlobServiceRefusals(t *testing.T) {
	t.Parallel()
	run(t, []refusal{
		{name: "soft delete without days", ask: put(blobService, `{"properties":{"deleteRetentionPolicy":{"enabled":true}}}`), status: 400, code: "BadRequest", says: "deleteRetentionPolicy.days"},
		{name: "more than a year", ask: put(blobService, `{"properties":{"deleteRetentionPolicy":{"enabled":true,"days":366}}}`), status: 400, code: "InvalidRequestPropertyValue", says: "[1, 365]"},
		{name: "another name", ask: put(account+"/blobServices/other", softDelete), status: 400, code: "InvalidResourceName", says: "'default'"},
		{name: "of an account that does not exist", ask: put(account+"2/blobServices/default", softDelete), status: 404, code: "ParentResourceNotFound"},
		{name: "versioning", ask: put(blobService, `{"properties":{"isVersioningEnabled":true}}`), status: 501, code: "NotEmulated", says: "isVersioningEnabled"},
		{name: "cap below the smallest", ask: put(workspace, `{"location":"westeurope","properties":{"workspaceCapping":{"dailyQuotaGb":0.01}}}`), status: 400, code: "InvalidParameter", says: "0.023"},
	})
}
