package store

import "time"

// This file remembers when things of the directory came to be, for the parts
// of the real service that hear of them later (replication). The rules are:
// only what a client of the sandbox made has a birth, the tenants' own furniture
// was always there; what is given up and made again is born again.

// births are keyed as what was born: TENANT/OBJECT-ID, or that and /PART-ID.
var births = collection[time.Time]("births")

// Born notes that an object, or a part of one ("OBJECT-ID/PART-ID"), came to be.
func Born(tx *Tx, now time.Time, tenantID, id string) {
	births.Put(tx, TenantKey(tenantID, id), now)
}

// Gone forgets the birth of a part that was given up.
func Gone(tx *Tx, tenantID, id string) { births.Delete(tx, TenantKey(tenantID, id)) }

// Fresh reports whether something was born less than lag ago.
func Fresh(tx *Tx, now time.Time, lag time.Duration, tenantID, id string) bool {
	if lag <= 0 {
		return false
	}
	born, ok := births.Get(tx, TenantKey(tenantID, id))
	return ok && now.Before(born.Add(lag))
}
