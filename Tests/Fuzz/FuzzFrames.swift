internal import SocketIOCore

extension FuzzTarget {
    static let frames = [
        FuzzTarget("websocket", webSocket),
        FuzzTarget("handshake") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let agreed = PerMessageDeflate(offers: text) {
                hold(
                    PerMessageDeflate(offers: agreed.answer)?.answer == agreed.answer, "an answer is an offer"
                )
            }
            if let accept = WebSocketHandshake.accept(key: text) {
                hold(text.utf8.count == 24 && accept.utf8.count == 28, "a key is 16 bytes")
            }
        },
        FuzzTarget("utf-8") { bytes in
            var whole = UTF8Validator()
            let isValid = bytes.withUnsafeBytes { whole.accept($0) } && whole.isComplete
            hold(
                isValid == (String(validating: bytes, as: UTF8.self) != nil),
                "UTF-8 is what Swift takes for it")
            var parts = UTF8Validator()
            let isValidInParts = bytes.allSatisfy { byte in
                withUnsafeBytes(of: byte) { parts.accept($0) }
            }
            hold(isValid == (isValidInParts && parts.isComplete), "the cut makes no difference")
            if isValid {
                hold(DoubleUTF8.undone(DoubleUTF8.applied(bytes)) == bytes, "double UTF-8 is undone")
            }
            hold(Base64.decode(Base64.encode(bytes)[...]) == bytes, "base 64 is read back")
            _ = Base64.decode(bytes[...])
        },
    ]

    /// The first byte says where the pieces are cut, whether compression is agreed on, and whether to mask for the
    /// fuzzer, which would else never get a whole message right.
    private static func webSocket(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let codec = first & 1 == 1 ? CopyCodec() : nil
        let whole = read([stream], codec)
        hold(read(stream.map { [$0] }, codec) == whole, "the cut makes no difference")
        let cut = Int(first >> 1) * stream.count / 128
        hold(
            read([Array(stream[..<cut]), Array(stream[cut...])], codec) == whole,
            "the cut makes no difference")
        let ends = whole.filter { event in
            switch event {
            case .failed, .close: true
            default: false
            }
        }
        hold(ends.count <= 1, "it ends once")
        for case .text(let text) in whole {
            hold(String(validating: text, as: UTF8.self) != nil && text.count <= limit, "a text is UTF-8")
        }
    }

    private static let limit = 300

    private static func read(_ pieces: [[UInt8]], _ codec: CopyCodec?) -> [WebSocketReader.Event] {
        var reader = WebSocketReader(maxMessageBytes: limit, maxFragments: 20)
        return pieces.flatMap { piece in piece.withUnsafeBytes { reader.receive($0, inflatingWith: codec) } }
    }
}

/// Stands in for DEFLATE, which is not ours to fuzz: doubles what it gets.
private final class CopyCodec: DeflateCodec {
    func deflate(_ message: [UInt8], windowBits: UInt8) -> [UInt8]? { nil }

    func inflate(_ bytes: [UInt8], atMost limit: Int) throws(InflateFault) -> [UInt8] {
        if bytes.first == 0xFF { throw .malformed }
        guard bytes.count * 2 <= limit else { throw .tooBig }
        return bytes + bytes
    }
}
