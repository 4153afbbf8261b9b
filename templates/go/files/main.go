package main

import (
	"encoding/json"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"time"
)

const greeting = "Hello from Go"

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>{{.}}</title>
  <style>
    body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.1rem/1.6 system-ui; color: #e9fbff; background: radial-gradient(circle at 30% 20%, #12738a, #06232b); }
    main { padding: 2rem; text-align: center; }
    h1 { margin: 0; font-size: clamp(2rem, 8vw, 4rem); letter-spacing: -0.03em; }
    code { padding: 0.1em 0.4em; border-radius: 0.3em; background: #ffffff1f; }
  </style>
  <main>
    <h1>{{.}}</h1>
    <p>Edit <code>main.go</code>, press Run again, and reload.</p>
  </main>
</html>`))

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("content-type", "text/html; charset=utf-8")
		if err := page.Execute(response, greeting); err != nil {
			log.Print(err)
		}
	})
	http.HandleFunc("/api/time", func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("content-type", "application/json")
		if err := json.NewEncoder(response).Encode(map[string]string{"time": time.Now().UTC().Format(time.RFC3339)}); err != nil {
			log.Print(err)
		}
	})
	fmt.Printf("Listening on http://localhost:%s\n", port)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
