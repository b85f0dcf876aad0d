package store

import "time"

// This file remembers when directory objects were created, to emulate
// replication lag. The rules are: only objects that clients create have a birth,
// not those that a tenant starts with; an object that is removed and created again
// gets a new one.

// births are keyed TENANT/OBJECT-ID, or TENANT/OBJECT-ID/PART-ID.
var births = collection[time.Time]("births")

// Born notes that an object, or a part of one ("OBJECT-ID/PART-ID"), was created.
func Born(tx *Tx, now time.Time, tenantID, id string) {
	births.Put(tx, TenantKey(tenantID, id), now)
}

// Gone forgets the birth of a part that was removed.
func Gone(tx *Tx, tenantID, id string) { births.Delete(tx, TenantKey(tenantID, id)) }

// Fresh reports whether something was created less than lag ago.
func Fresh(tx *Tx, now time.Time, lag time.Duration, tenantID, id string) bool {
	if lag <= 0 {
		return false
	}
	born, ok := births.Get(tx, TenantKey(tenantID, id))
	return ok && now.Before(born.Add(lag))
}
