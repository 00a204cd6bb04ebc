package netio

import "fmt"

func useWaiter(name string, t *messageTransport) error {
	switch name {
	case "", "ppoll":
		return nil
	}
	return fmt.Errorf("no way of waiting is called %q", name)
}
