import os
from datetime import datetime, timezone

try:
    from fastapi import FastAPI
    from fastapi.responses import HTMLResponse
except ImportError:
    from tiny_api import FastAPI, HTMLResponse

app = FastAPI()
greeting = "Hello from Python"

PAGE = """<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>{greeting}</title>
  <style>
    body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.1rem/1.6 system-ui; color: #eef4ff; background: radial-gradient(circle at 30% 20%, #2b5b8f, #0d1b2e); }}
    main {{ padding: 2rem; text-align: center; }}
    h1 {{ margin: 0; font-size: clamp(2rem, 8vw, 4rem); letter-spacing: -0.03em; }}
    code {{ padding: 0.1em 0.4em; border-radius: 0.3em; background: #ffffff1f; }}
  </style>
  <main>
    <h1>{greeting}</h1>
    <p>Edit <code>main.py</code>, press Run again, and reload.</p>
  </main>
</html>"""


@app.get("/", response_class=HTMLResponse)
def index():
    return PAGE.format(greeting=greeting)


@app.get("/api/time")
def time():
    return {"time": datetime.now(timezone.utc).isoformat()}


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    print(f"Listening on http://localhost:{port}", flush=True)
    try:
        import uvicorn
    except ImportError:
        from tiny_api import run

        run(app, host="127.0.0.1", port=port)
    else:
        uvicorn.run(app, host="127.0.0.1", port=port)
