internal import DanteAssets
internal import SocketIOServer

/// The files the page is made of, from the binary or from a directory that goes before it.
struct Assets: Sendable {
    let index: [UInt8]
    /// Whether the page is the built-in one, whose policy we know; an operator's own page is under none of ours.
    let isBuiltIn: Bool
    let files: [String: File]
    /// Asked for by a query alone; ``Page/policy`` says why.
    let slashScript: File
    let clientScript: File
    let chatPage: [UInt8]
    let chatFiles: [String: File]

    struct File: Sendable {
        let bytes: [UInt8]
        let type: String
        /// A name for these bytes: equal bytes have equal versions on every node.
        let version: String
        /// Kept by one reader's browser alone, because it holds what that reader has brought along.
        let isPrivate: Bool
        private let gzipped: [UInt8]?

        init(_ bytes: [UInt8], type: String, isPrivate: Bool = false) {
            self.bytes = bytes
            self.type = type
            self.isPrivate = isPrivate
            version = Self.version(of: bytes)
            gzipped = isPrivate ? nil : Gzip.compressed(bytes)
        }

        /// FNV-1a, 64 bits, and the length: a name for these bytes, no protection against anybody.
        private static func version(of bytes: [UInt8]) -> String {
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return "\(String(hash, radix: 16))-\(String(bytes.count, radix: 16))"
        }

        /// The file with an entity tag, or 304. Asked for by its version (`?v=`) it will never be another; otherwise
        /// whoever keeps it has to ask whether it still is the same.
        func response(to request: Request) -> Response {
            var response: Response
            if let gzipped, Gzip.isAccepted(by: request.header("Accept-Encoding")) {
                // Other bytes, so another tag (RFC 9110, 8.8.3.3).
                response = .file(gzipped, type: type, tag: "\"\(version)-gzip\"", for: request)
                response.headers.append(("Content-Encoding", "gzip"))
            } else {
                response = .file(bytes, type: type, tag: "\"\(version)\"", for: request)
            }
            if gzipped != nil { response.headers.append(("Vary", "Accept-Encoding")) }
            let isVersioned = request.parameter("v") == version
            let caching =
                isVersioned ? "public, max-age=31536000, immutable" : isPrivate ? "private, no-cache" : nil
            if let caching, let index = response.headers.firstIndex(where: { $0.name == "Cache-Control" }) {
                response.headers[index].value = caching
            }
            // Any page may take a script into itself, also one that isolates itself from other origins.
            response.headers.append(("Cross-Origin-Resource-Policy", "cross-origin"))
            return response
        }
    }

    /// - Throws: ``StartError`` when a file the operator names cannot be read.
    init(publicDirectory: String?, clientScript: String?) throws(StartError) {
        func bytes(_ name: String, _ embedded: [UInt8]) throws(StartError) -> [UInt8] {
            guard let publicDirectory else { return embedded }
            let path = publicDirectory + "/" + name
            return FileSystem.exists(path) ? try FileSystem.read(path) : embedded
        }
        if let publicDirectory, !FileSystem.exists(publicDirectory) {
            throw StartError(
                "the directory \(publicDirectory) given with --public does not exist", exitCode: 78)
        }
        index = try bytes("index.html", EmbeddedFiles.index)
        isBuiltIn = index == EmbeddedFiles.index
        let javascript = "application/javascript; charset=utf-8"
        files = [
            "page.css": File(try bytes("page.css", EmbeddedFiles.pageStyle), type: "text/css; charset=utf-8"),
            "page.js": File(try bytes("page.js", EmbeddedFiles.pageScript), type: javascript),
            "embed.js": File(try bytes("embed.js", EmbeddedFiles.embedScript), type: javascript),
        ]
        slashScript = File(try bytes("slash.js", EmbeddedFiles.slashScript), type: javascript)
        chatPage = try bytes("chat.html", EmbeddedFiles.chatPage)
        chatFiles = [
            "chat.css": File(try bytes("chat.css", EmbeddedFiles.chatStyle), type: "text/css; charset=utf-8"),
            "chat.js": File(
                try bytes("chat.js", EmbeddedFiles.chatScript), type: "application/javascript; charset=utf-8"),
        ]
        let script: [UInt8]
        if let clientScript {
            script = try FileSystem.read(clientScript)
        } else {
            script = try bytes("socket.io.js", EmbeddedFiles.clientScript)
        }
        self.clientScript = File(script, type: javascript)
    }
}
