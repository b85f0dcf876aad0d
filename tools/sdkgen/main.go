// Command sdkgen writes the Go SDK below sdks/azure-native from the model in
// sdks/azure-native/schema.yaml, with Pulumi's own generator.
//
//	cd tools/sdkgen && go run . [-schema FILE] [-out DIR]
//
// The packages have the import paths of the official SDK; replace lines in the
// root go.mod point to them. The comment at the top of the model says why their
// names must be the official ones.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	schemaFile := flag.String("schema", "../../sdks/azure-native/schema.yaml", "the `file` with the model")
	out := flag.String("out", "../../sdks/azure-native", "the `folder` to write the modules to")
	flag.Parse()
	if err := run(*schemaFile, *out); err != nil {
		fmt.Fprintln(os.Stderr, "sdkgen: error:", err)
		os.Exit(1)
	}
}

func run(schemaFile, out string) error {
	model, err := readModel(schemaFile)
	if err != nil {
		return err
	}
	files, err := generate(model)
	if err != nil {
		return err
	}
	return write(out, model, files)
}
