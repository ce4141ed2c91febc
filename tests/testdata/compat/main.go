// A 32-bit program: GOARCH=386.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// It says "ready", and obeys lines "read PATH" and "write PATH HEX" with what
// came of them: an error, or the bytes or their number.
func main() {
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(obey(strings.Fields(lines.Text())))
	}
}

func obey(words []string) any {
	fd, err := syscall.Open(words[1], syscall.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	if words[0] == "read" {
		b := make([]byte, 4096)
		n, err := syscall.Pread(fd, b, 0)
		if err != nil {
			return err
		}
		return hex.EncodeToString(b[:n])
	}
	b, err := hex.DecodeString(words[2])
	if err != nil {
		return err
	}
	n, err := syscall.Pwrite(fd, b, 0)
	if err != nil {
		return err
	}
	return n
}
