// The operations that make containers and objects.

package pickle

import (
	"errors"
	"fmt"
)

// container does the operations that push a tuple, a list, a dictionary or a set.
func (m *machine) container(op byte) (bool, error) {
	switch op {
	case ')':
		m.push(Tuple{})
	case ']':
		m.push(&List{})
	case '}':
		m.push(&Dict{})
	case 0x8f: // EMPTY_SET
		m.push(Set{&List{}})
	case 't', 'l', 'd', 0x91: // TUPLE, LIST, DICT, FROZENSET
		items, err := m.popMark()
		if err != nil {
			return true, err
		}
		return true, m.gather(op, items)
	case 0x85, 0x86, 0x87: // TUPLE1 to TUPLE3
		n := int(op-0x85) + 1
		at := len(m.stack) - n
		if at < m.floor() {
			return true, errStack
		}
		items := append(Tuple{}, m.stack[at:]...)
		m.stack = append(m.stack[:at], items)
	default:
		return false, nil
	}
	return true, nil
}

func (m *machine) gather(op byte, items Tuple) error {
	switch op {
	case 't':
		m.push(items)
	case 'l':
		m.push(&List{items})
	case 0x91:
		m.push(Set{&List{items}})
	case 'd':
		d := &Dict{}
		m.push(d)
		return d.setAll(items)
	}
	return nil
}

func (d *Dict) setAll(items Tuple) error {
	if len(items)%2 != 0 {
		return errors.New("a key without a value")
	}
	for i := 0; i < len(items); i += 2 {
		d.Set(items[i], items[i+1])
	}
	return nil
}

// fill does the operations that add to a container.
func (m *machine) fill(op byte) (bool, error) {
	var items Tuple
	var err error
	switch op {
	case 'e', 'u', 0x90: // APPENDS, SETITEMS, ADDITEMS
		items, err = m.popMark()
	case 'a', 's': // APPEND, SETITEM
		n := map[byte]int{'a': 1, 's': 2}[op]
		if at := len(m.stack) - n; at >= m.floor() {
			items = append(items, m.stack[at:]...)
			m.stack = m.stack[:at]
		} else {
			err = errStack
		}
	default:
		return false, nil
	}
	if err != nil {
		return true, err
	}
	into, err := m.top()
	if err != nil {
		return true, err
	}
	switch c := into.(type) {
	case *List:
		c.Items = append(c.Items, items...)
	case Set:
		c.Items = append(c.Items, items...)
	case *Dict:
		return true, c.setAll(items)
	case *Object: // a list or dictionary of a class of its own; what it holds is not kept
	default:
		return true, fmt.Errorf("a %T cannot be added to", into)
	}
	return true, nil
}

// object does the operations that name classes, make objects of them, and refer to what is outside.
func (m *machine) object(op byte) (bool, error) {
	switch op {
	case 'c': // GLOBAL
		return true, m.global()
	case 0x93: // STACK_GLOBAL
		name, err := m.pop()
		if err != nil {
			return true, err
		}
		module, err := m.pop()
		if err != nil {
			return true, err
		}
		n, ok1 := name.(string)
		in, ok2 := module.(string)
		if !ok1 || !ok2 {
			return true, errors.New("the name of a class is not a text")
		}
		return true, m.pushGlobal(Global{in, n})
	case 'R', 0x81, 0x92: // REDUCE, NEWOBJ, NEWOBJ_EX
		if op == 0x92 { // arguments by name, which are not kept
			if _, err := m.pop(); err != nil {
				return true, err
			}
		}
		args, err := m.pop()
		if err != nil {
			return true, err
		}
		class, err := m.pop()
		if err != nil {
			return true, err
		}
		list, ok := args.(Tuple)
		if !ok {
			return true, errors.New("arguments that are not a tuple")
		}
		return true, m.call(class, list)
	case 'o': // OBJ
		items, err := m.popMark()
		if err != nil || len(items) == 0 {
			return true, errors.Join(err, errStack)
		}
		return true, m.call(items[0], items[1:])
	case 'i': // INST
		if err := m.global(); err != nil {
			return true, err
		}
		class, _ := m.pop() // just pushed
		args, err := m.popMark()
		if err != nil {
			return true, err
		}
		return true, m.call(class, args)
	case 'b': // BUILD
		return true, m.build()
	case 'P', 'Q': // PERSID, BINPERSID
		return true, m.persistent(op)
	}
	return false, nil
}

func (m *machine) global() error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	return m.pushGlobal(Global{module, name})
}

func (m *machine) pushGlobal(g Global) error {
	if m.Allow != nil {
		if err := m.Allow(g); err != nil {
			return err
		}
	}
	m.push(g)
	return nil
}

// call pushes what stands for the result of a call.
func (m *machine) call(f any, args Tuple) error {
	class, ok := f.(Global)
	if !ok {
		return fmt.Errorf("a %T cannot be called", f)
	}
	if m.Call != nil {
		value, ok, err := m.Call(class, args)
		if err != nil {
			return fmt.Errorf("%s: %w", class, err)
		}
		if ok {
			m.push(value)
			return nil
		}
	}
	m.push(&Object{Class: class, Args: args})
	return nil
}

// build sets the state of an object.
func (m *machine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	switch o := v.(type) {
	case *Object:
		o.State = state
	case *Dict:
		o.State = state
	}
	return nil // of anything else the state is not kept
}

func (m *machine) persistent(op byte) error {
	var id any
	var err error
	if op == 'P' {
		id, err = m.line()
	} else {
		id, err = m.pop()
	}
	if err != nil {
		return err
	}
	if m.Persistent == nil {
		return errors.New("a reference to something outside")
	}
	v, err := m.Persistent(id)
	m.push(v)
	return err
}
