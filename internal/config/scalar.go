package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/draft"
)

func (d *decoder) scalar(node *yaml.Node, v reflect.Value, key string) {
	if node.Kind != yaml.ScalarNode {
		d.fail(node, key, "want a single value")
		return
	}
	if strings.Contains(node.Value, draft.FillIn) {
		d.fail(node, key, "%s stands for a value that only you know: write it here", draft.FillIn)
		return
	}
	text, err := expand(node.Value, d.lookup)
	if err != nil {
		if d.lax && errors.Is(err, errUnset) {
			d.unset++
			return
		}
		for _, one := range flatten(err) {
			d.fail(node, key, "%v", one)
		}
		return
	}
	if err := setText(v, text); err != nil {
		d.fail(node, key, "%v", err)
	}
}

// setText parses text into v, which is a text unmarshaler or of a plain kind.
func setText(v reflect.Value, text string) error {
	if v.Type() == durationType {
		n, err := time.ParseDuration(text)
		if err != nil || n < 0 {
			return fmt.Errorf("duration %q: want a number and a unit, such as 90s, 5m or 1h30m", text)
		}
		v.SetInt(int64(n))
		return nil
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		return setBool(v, text)
	default:
		return setNumber(v, text)
	}
}

// setBool takes the words of YAML 1.2's core schema.
func setBool(v reflect.Value, text string) error {
	switch text {
	case "true", "True", "TRUE":
		v.SetBool(true)
		return nil
	case "false", "False", "FALSE":
		v.SetBool(false)
		return nil
	}
	return fmt.Errorf("%q: want true or false", text)
}

func setNumber(v reflect.Value, text string) error {
	switch {
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q: want a whole number", text)
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q: want a whole number from 0", text)
		}
		v.SetUint(n)
	case v.CanFloat():
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n != n || n-n != 0 {
			return fmt.Errorf("%q: want a number", text)
		}
		v.SetFloat(n)
	default:
		panic("config: no text form for " + v.Type().String())
	}
	return nil
}
