// Package peers holds what the runtime's benchmarks are measured beside: the same work done with
// go.uber.org/fx (modules, services, lifecycle) and koanf with go-playground/validator
// (configuration). Run by `cargo xtask bench runtime`.
package peers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"
	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"go.uber.org/dig"
	"go.uber.org/fx"
)

// Settings is what each module is configured with.
type Settings struct {
	Listen  string
	Workers int
}

// Service is what each module provides, and the next one needs.
type Service interface{ Number() int }

type service struct {
	settings Settings
	number   int
	needs    Service
}

func (s *service) Number() int { return s.number }

// module provides a configuration and a service, needs the service before, and has a life.
func module(number int) fx.Option {
	settings := fx.Annotate(
		func() Settings { return Settings{Listen: "127.0.0.1:0", Workers: number} },
		fx.ResultTags(fmt.Sprintf(`name:"settings%d"`, number)),
	)
	made := func(settings Settings, needs Service, life fx.Lifecycle) Service {
		life.Append(fx.Hook{
			OnStart: func(context.Context) error { return nil },
			OnStop:  func(context.Context) error { return nil },
		})
		return &service{settings: settings, number: number, needs: needs}
	}
	need := fmt.Sprintf(`name:"service%d"`, number-1)
	provide := fx.Annotate(
		made,
		fx.ParamTags(fmt.Sprintf(`name:"settings%d"`, number), need),
		fx.ResultTags(fmt.Sprintf(`name:"service%d"`, number)),
	)
	return fx.Module(fmt.Sprintf("module%d", number), fx.Provide(settings, provide))
}

func bootstrap(b *testing.B, modules int) {
	first := fx.Annotate(func() Service { return &service{} }, fx.ResultTags(`name:"service0"`))
	for b.Loop() {
		options := []fx.Option{fx.NopLogger, fx.Provide(first)}
		for number := 1; number <= modules; number++ {
			options = append(options, module(number))
		}
		last := fmt.Sprintf(`name:"service%d"`, modules)
		options = append(options, fx.Invoke(fx.Annotate(func(Service) {}, fx.ParamTags(last))))
		app := fx.New(options...)
		if err := app.Start(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := app.Stop(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkBootstrap10(b *testing.B)  { bootstrap(b, 10) }
func BenchmarkBootstrap500(b *testing.B) { bootstrap(b, 500) }

// registry has 500 services of one interface by name, and one by type alone.
func registry(b *testing.B) *dig.Container {
	container := dig.New()
	for number := range 500 {
		name := dig.Name(fmt.Sprintf("service%d", number))
		provide := func() Service { return &service{number: number} }
		if err := container.Provide(provide, name); err != nil {
			b.Fatal(err)
		}
	}
	if err := container.Provide(func() Service { return &service{} }); err != nil {
		b.Fatal(err)
	}
	return container
}

func BenchmarkLookupByTrait500(b *testing.B) {
	container := registry(b)
	for b.Loop() {
		if err := container.Invoke(func(Service) {}); err != nil {
			b.Fatal(err)
		}
	}
}

// A typed field, which is what fx leaves behind.
func BenchmarkLookupTypedHandle(b *testing.B) {
	var handle Service = &service{number: 1}
	sum := 0
	for b.Loop() {
		sum += handle.Number()
	}
	if sum == 0 {
		b.Fatal("nothing was called")
	}
}

// section is one of fifty, of twenty fields each.
func section() reflect.Type {
	var fields []reflect.StructField
	for number := range 20 {
		field := reflect.StructField{
			Name: fmt.Sprintf("Field%d", number),
			Tag:  reflect.StructTag(fmt.Sprintf(`koanf:"field-%d"`, number)),
		}
		switch number % 4 {
		case 0:
			field.Type = reflect.TypeFor[string]()
			field.Tag += ` validate:"required,min=1,max=100"`
		case 1:
			field.Type = reflect.TypeFor[int]()
			field.Tag += ` validate:"min=0,max=100000"`
		case 2:
			field.Type = reflect.TypeFor[bool]()
		case 3:
			field.Type = reflect.TypeFor[float64]()
			field.Tag += ` validate:"min=0"`
		}
		fields = append(fields, field)
	}
	return reflect.StructOf(fields)
}

func BenchmarkConfig1000Fields(b *testing.B) {
	var text strings.Builder
	for number := range 50 {
		fmt.Fprintf(&text, "[section-%d]\n", number)
		for field := range 20 {
			value := [...]string{`"text"`, "42", "true", "1.5"}[field%4]
			fmt.Fprintf(&text, "field-%d = %s\n", field, value)
		}
	}
	path := filepath.Join(b.TempDir(), "default.toml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	kind := section()
	validate := validator.New(validator.WithRequiredStructEnabled())
	for b.Loop() {
		config := koanf.New(".")
		if err := config.Load(file.Provider(path), toml.Parser()); err != nil {
			b.Fatal(err)
		}
		if err := config.Load(env.Provider("SHOP_", ".", strings.ToLower), nil); err != nil {
			b.Fatal(err)
		}
		for number := range 50 {
			value := reflect.New(kind).Interface()
			if err := config.Unmarshal(fmt.Sprintf("section-%d", number), value); err != nil {
				b.Fatal(err)
			}
			if err := validate.Struct(value); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// A value in the context, which is how a tenant travels in Go.
func BenchmarkTenantContext(b *testing.B) {
	type key struct{}
	ctx := context.WithValue(context.Background(), key{}, "acme")
	length := 0
	for b.Loop() {
		length += len(ctx.Value(key{}).(string))
	}
	if length == 0 {
		b.Fatal("nothing was read")
	}
}
