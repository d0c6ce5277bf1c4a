// reader URL: reads an event stream with github.com/donovanhide/eventsource and
// prints each event as a line of JSON, [type, data].
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/donovanhide/eventsource"
)

func say(words ...string) {
	line, err := json.Marshal(words)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func main() {
	stream, err := eventsource.Subscribe(os.Args[1], "")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	say("open", "")
	go func() {
		for err := range stream.Errors {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	for event := range stream.Events {
		kind := event.Event()
		if kind == "" {
			kind = "message"
		}
		say(kind, event.Data())
	}
}
