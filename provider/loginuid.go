package provider

import "math"

// unsetID is how the kernel writes an audit id that was never set.
const unsetID = math.MaxUint32

// ParseAuditID reads the text of a loginuid or a sessionid file: a number, of
// which 4294967295 means that none was set.
func ParseAuditID(b []byte) (id uint32, set bool, err error) {
	if len(b) > 0 && b[len(b)-1] == '\n' { // Linux writes none
		b = b[:len(b)-1]
	}
	v, n := decimal(b)
	if n == 0 || n != len(b) || v > math.MaxUint32 {
		return 0, false, malformed("loginuid", "not one number")
	}
	if v == unsetID {
		return 0, false, nil
	}
	return uint32(v), true, nil
}

// auditID is what ParseAuditID gives, as one value.
type auditID struct {
	id  uint32
	set bool
}

func parseAuditID(b []byte) (auditID, error) {
	id, set, err := ParseAuditID(b)
	return auditID{id, set}, err
}

// LoginUID is the user who logged in, whatever the process has become since
// (/proc/PID/loginuid, 2.6.11, CONFIG_AUDIT). It is not set where nobody has,
// as for daemons; a user without a number in our user namespace is shown the
// same.
func (d *dir) LoginUID() (uid uint32, set bool, err error) {
	a, err := scalar(d, "loginuid", parseAuditID)
	return a.id, a.set, err
}

// SessionID is the number of the audit session that the login began
// (/proc/PID/sessionid, 2.6.25, CONFIG_AUDIT); not the session of setsid(2),
// which is Stat.Session.
func (d *dir) SessionID() (id uint32, set bool, err error) {
	a, err := scalar(d, "sessionid", parseAuditID)
	return a.id, a.set, err
}
