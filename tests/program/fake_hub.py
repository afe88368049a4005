"""A small hub on 127.0.0.1 for huggingface_hub and hf: what both ask for when they download and upload, and the ways in
which it goes wrong. Bytes of large files come from another port, as from the hub's CDN."""

import base64
import hashlib
import json
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 2  # entries of a tree in one answer


def commit_of(name):
    return hashlib.sha1(name.encode()).hexdigest()


def blob_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Repository:
    files: dict  # path: bytes
    large: tuple = (".safetensors", ".parquet")  # endings of the files in LFS
    gated: bool = False
    readers: tuple = ()  # tokens that a gated repository has let in
    private: bool = False
    revisions: tuple = ("main",)
    redirected: bool = True  # whether bytes of large files come from the other port
    uploads: dict = field(default_factory=dict)

    def is_large(self, path):
        return path.endswith(self.large)


class Hub:
    """`repositories` by "models/org/name" or "datasets/org/name". `requests` lists what was asked, as "GET /path"."""

    def __init__(self, repositories):
        self.repositories = repositories
        self.requests = []
        self.tokens = ("hf_good", "hf_stranger")
        self.break_at = {}  # path of a file: how many of its bytes are sent before the connection is broken
        self.breaks_left = Counter()
        self.status = None  # of every answer, where the hub is down
        self.disk_full = False
        self.servers = []

    def break_connection(self, path, after, times):
        self.break_at[path], self.breaks_left[path] = after, times

    def url(self, server=0):
        return f"http://127.0.0.1:{self.servers[server].server_address[1]}"


def answer_of(hub):
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def send(self, status, body=b"", headers=None, length=None):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def send_json(self, value, headers=None):
            self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"} | (headers or {}))

        def refuse(self, status, code, message):
            self.send(status, json.dumps({"error": message}).encode(), {"X-Error-Code": code, "X-Error-Message": message} if code
                      else {"X-Error-Message": message})

        def token(self):
            return self.headers.get("Authorization", "").removeprefix("Bearer ")

        def repository(self, key, revision, reads_files):
            """What is at `key`, or None after an answer that says why not."""
            repository = hub.repositories.get(key)
            if self.token() and self.token() not in hub.tokens:
                return self.refuse(401, "", "Invalid credentials in Authorization header")
            if repository is None or (repository.private and self.token() != "hf_good"):
                if self.token():
                    return self.refuse(404, "RepoNotFound", "Repository not found")
                return self.refuse(401, "", "Invalid username or password.")
            if revision not in repository.revisions and revision not in map(commit_of, repository.revisions):
                return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            if reads_files and repository.gated and self.token() not in repository.readers:
                return self.refuse(403 if self.token() else 401, "GatedRepo", f"Access to {key} is restricted.")
            return repository

        def commit(self, revision):
            return revision if len(revision) == 40 else commit_of(revision)

        def do_GET(self):
            hub.requests.append(f"{self.command} {self.path}")
            url = urlsplit(self.path)
            parts = [unquote(part) for part in url.path.strip("/").split("/")]
            if hub.status:
                return self.send(hub.status, b"{}")
            if parts[0] == "cdn":
                return self.send_bytes("/".join(parts[1:4]), "/".join(parts[4:]))
            if parts[0] == "api" and parts[1] in ("models", "datasets"):
                return self.describe("/".join(parts[1:4]), parts[4:], parse_qs(url.query))
            if parts[0] != "datasets":
                parts.insert(0, "models")
            if len(parts) > 5 and parts[3] == "resolve":
                return self.resolve("/".join(parts[:3]), parts[4], "/".join(parts[5:]))
            return self.refuse(404, "", "no such page")

        do_HEAD = do_GET

        def describe(self, key, rest, query):
            revision = rest[1] if len(rest) > 1 else "main"
            repository = self.repository(key, revision, reads_files=False)
            if repository is None:
                return None
            if rest[:1] == ["tree"]:
                return self.tree(key, revision, repository, int(query.get("cursor", ["0"])[0]))
            name = key.split("/", 1)[1]
            return self.send_json({"id": name, "modelId": name, "sha": self.commit(revision), "gated": "manual" if repository.gated
                                   else False, "private": repository.private, "tags": [], "downloads": 0, "likes": 0,
                                   "siblings": [{"rfilename": path} for path in sorted(repository.files)]})

        def tree(self, key, revision, repository, start):
            entries = []
            for path, content in sorted(repository.files.items()):
                entry = {"type": "file", "path": path, "oid": blob_id(content), "size": len(content)}
                if repository.is_large(path):
                    entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 135}
                entries.append(entry)
            more = start + PAGE < len(entries)
            link = f'<{hub.url()}/api/{key}/tree/{revision}?recursive=true&cursor={start + PAGE}>; rel="next"'
            return self.send_json(entries[start : start + PAGE], {"Link": link} if more else None)

        def resolve(self, key, revision, path):
            repository = self.repository(key, revision, reads_files=True)
            if repository is None:
                return None
            if path not in repository.files:
                return self.refuse(404, "EntryNotFound", "Entry not found")
            content = repository.files[path]
            headers = {"X-Repo-Commit": self.commit(revision), "ETag": f'"{blob_id(content)}"'}
            if not repository.is_large(path):
                return self.send_bytes(key, path, headers)
            headers |= {"X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Linked-Size": str(len(content))}
            if not repository.redirected:
                return self.send_bytes(key, path, headers)
            return self.send(302, headers=headers | {"Location": f"{hub.url(1)}/cdn/{key}/{path}"})

        def send_bytes(self, key, path, headers=None):
            content = hub.repositories[key].files[path]
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
            part, headers = content[start:], dict(headers or {})
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            if self.command != "HEAD" and hub.breaks_left[path] > 0:
                hub.breaks_left[path] -= 1
                self.send(206 if start else 200, part[: hub.break_at[path]], headers, length=len(part))
                self.close_connection = True
                return None
            return self.send(206 if start else 200, part, headers)

        def do_POST(self):
            hub.requests.append(f"POST {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
            if self.token() != "hf_good":
                return self.refuse(401, "", "Invalid username or password.")
            if parts[1:] == ["repos", "create"]:
                return self.create(json.loads(body))
            if parts[4:5] == ["branch"]:
                hub.repositories["/".join(parts[1:4])].revisions += (parts[5],)
                return self.send_json({})
            if parts[1:] == ["validate-yaml"]:
                return self.send_json({"errors": [], "warnings": []})
            if "preupload" in parts:
                files = [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in json.loads(body)["files"]]
                return self.send_json({"files": files})
            if "commit" in parts:
                return self.take("/".join(parts[1:4]), body)
            return self.refuse(404, "", "no such page")

        def create(self, wish):
            key = f"models/{wish.get('organization')}/{wish['name']}" if wish.get("organization") else f"models/{wish['name']}"
            if key in hub.repositories:
                return self.send(409, json.dumps({"url": f"{hub.url()}/{key[7:]}"}).encode())
            hub.repositories[key] = Repository({}, private=bool(wish.get("private") or wish.get("visibility") == "private"))
            return self.send_json({"url": f"{hub.url()}/{key[7:]}", "name": key[7:], "id": "1"})

        def take(self, key, body):
            for line in body.decode().splitlines():
                item = json.loads(line)
                if item["key"] == "file":
                    hub.repositories[key].files[item["value"]["path"]] = base64.b64decode(item["value"]["content"])
            name = key.split("/", 1)[1]
            return self.send_json({"success": True, "commitOid": commit_of("new"), "commitUrl": f"{hub.url()}/{name}/commit/new"})

    return Answer


@contextmanager
def running(repositories):
    """A hub with these repositories, and the server of its large files."""
    hub = Hub(repositories)
    for _ in range(2):
        server = ThreadingHTTPServer(("127.0.0.1", 0), answer_of(hub))
        server.daemon_threads = True
        hub.servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hub
    finally:
        for server in hub.servers:
            server.shutdown()
            server.server_close()
