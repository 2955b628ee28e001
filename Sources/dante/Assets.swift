internal import DanteAssets
internal import SocketIOServer

/// The files the page is made of, from the binary or from a directory that goes before it.
struct Assets: Sendable {
    let index: [UInt8]
    let files: [String: File]
    let clientScript: File

    struct File: Sendable {
        let bytes: [UInt8]
        let type: String
        /// An entity tag made from the bytes: equal bytes have equal tags on every node.
        let tag: String

        init(_ bytes: [UInt8], type: String) {
            self.bytes = bytes
            self.type = type
            tag = Self.tag(of: bytes)
        }

        /// FNV-1a, 64 bits, and the length: a name for these bytes, no protection against anybody.
        private static func tag(of bytes: [UInt8]) -> String {
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return "\"\(String(hash, radix: 16))-\(String(bytes.count, radix: 16))\""
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
        files = [
            "page.css": File(try bytes("page.css", EmbeddedFiles.pageStyle), type: "text/css; charset=utf-8"),
            "page.js": File(
                try bytes("page.js", EmbeddedFiles.pageScript), type: "application/javascript; charset=utf-8"),
        ]
        let script: [UInt8]
        if let clientScript {
            script = try FileSystem.read(clientScript)
        } else {
            script = try bytes("socket.io.js", EmbeddedFiles.clientScript)
        }
        self.clientScript = File(script, type: "application/javascript; charset=utf-8")
    }
}
