//go:build faults

package provider

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// An operation is one call of the library, with its result in a form that can
// be compared. What it opens it closes.
type operation func() (string, error)

// arguments are those of the methods of a Process that take any beside a struct
// to fill, for a child.
func arguments(c *child) map[string][]any {
	var unlinked Mapping
	return map[string][]any{
		"AppendCmdline": {[]byte(nil), 1 << 20},
		"AppendEnviron": {[]byte(nil), 1 << 20},
		"Attr":          {"current"},
		"Children":      {[]int(nil)},
		"ClearRefs":     {ClearRefs(1)},
		"EachMapping":   {func(*Mapping) error { return nil }},
		"EachSmap":      {func(*Smap) error { return nil }},
		"FD":            {1},
		"FDInfo":        {1},
		"InetSockets":   {TableTCP},
		"Link":          {"exe"},
		"Namespace":     {"net"},
		"OpenFile":      {"stat", unix.O_RDONLY},
		"OpenMemory":    {unix.O_RDONLY},
		"Read":          {"status", []byte(nil), 1 << 20},
		"ReadInto":      {"stat", Parser(new(Stat))},
		"Readlink":      {"exe"},
		"SetComm":       {"fault"}, "SetCoredumpFilter": {CoredumpFilter(0x33)},
		"SetOOMScoreAdj": {500}, "SetTimerslackNS": {uint64(50000)},
		"Signal":    {unix.Signal(0)},
		"StatusIDs": {new(Status), new(Stat)},
		"Task":      {c.tid},
		"Unlinked":  {&unlinked},
		"Wait":      {overContext()},
	}
}

// overContext is a context that nobody waits for.
func overContext() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// untried are the methods that a child can be asked for once, or that change
// what the others tell.
var untried = map[string]bool{
	"Close": true, "Reap": true, "SetGIDMap": true, "SetUIDMap": true, "SetProjIDMap": true,
	"SetTimensOffsets": true, "DenySetgroups": true, "SetAutogroupNice": true,
}

// operations are all methods of p.
func operations(t *testing.T, p *Process, c *child) map[string]operation {
	all := map[string]operation{}
	given := arguments(c)
	all["OpenNamespace"] = func() (string, error) { return descriptor(p.OpenNamespace("net")) }
	all["PIDFD"] = func() (string, error) { return descriptor(p.PIDFD()) }
	for i := range reflect.TypeOf(p).NumMethod() {
		m := reflect.TypeOf(p).Method(i)
		fn := reflect.ValueOf(p).Method(i)
		if !untried[m.Name] && all[m.Name] == nil {
			all[m.Name] = func() (string, error) { return call(fn, in(t, m, given[m.Name])) }
		}
	}
	return all
}

// descriptor closes what was opened. What failed must have opened nothing.
func descriptor(fd int, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return "descriptor", unix.Close(fd)
}

// in makes the arguments: those given, or a struct to fill.
func in(t *testing.T, m reflect.Method, given []any) (args []reflect.Value) {
	for i := 1; i < m.Type.NumIn(); i++ {
		switch want := m.Type.In(i); {
		case i <= len(given):
			args = append(args, reflect.ValueOf(given[i-1]).Convert(want))
		case want.Kind() == reflect.Pointer:
			args = append(args, reflect.New(want.Elem()))
		default:
			t.Fatalf("no argument for %s: %v", m.Name, m.Type)
		}
	}
	return args
}

// call gives what a function filled and returned.
func call(fn reflect.Value, args []reflect.Value) (string, error) {
	var got []any
	var err error
	for _, out := range fn.Call(args) {
		switch v := out.Interface().(type) {
		case error:
			err = v
		case nil:
		default:
			text, outErr := shown(out)
			got = append(got, text)
			if err == nil {
				err = outErr
			}
		}
	}
	for _, a := range args {
		if a.Kind() == reflect.Pointer && a.Elem().Kind() == reflect.Struct {
			got = append(got, fmt.Sprintf("%+v", a.Elem().Interface()))
		}
	}
	return fmt.Sprintf("%q", got), err
}

// shown is a result as text; what is open is closed.
func shown(v reflect.Value) (string, error) {
	if v.Kind() == reflect.Func {
		return walked(v)
	}
	if c, ok := v.Interface().(io.Closer); ok {
		if v.IsNil() {
			return "", nil
		}
		return fmt.Sprintf("%T", c), c.Close()
	}
	return fmt.Sprintf("%+v", v.Interface()), nil
}

// walked is all that an iterator gives, to its first error.
func walked(v reflect.Value) (string, error) {
	var all strings.Builder
	for item, second := range v.Seq2() {
		if err, _ := second.Interface().(error); err != nil {
			return "", err
		}
		if p, ok := item.Interface().(fmt.Stringer); ok {
			fmt.Fprintf(&all, "%v\n", p)
		} else {
			fmt.Fprintf(&all, "%+v\n", reflect.Indirect(item).Interface())
		}
	}
	return all.String(), nil
}
