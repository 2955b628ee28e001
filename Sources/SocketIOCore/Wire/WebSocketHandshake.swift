/// The computed part of a WebSocket handshake (RFC 6455, 4.2.2).
package enum WebSocketHandshake {
    /// The value of `Sec-WebSocket-Accept`; nil when the key is not what a client must send, 16 bytes in base
    /// 64.
    package static func accept(key: String) -> String? {
        let letters = Array(key.utf8)
        guard letters.count == 24, letters.suffix(2).elementsEqual("==".utf8),
            letters.dropLast(2).allSatisfy(isBase64)
        else { return nil }
        let proof = letters + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        return String(decoding: Base64.encode(SHA1.hash(proof)), as: UTF8.self)
    }

    private static func isBase64(_ letter: UInt8) -> Bool {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), 0x30...0x39: true
        case UInt8(ascii: "+"), UInt8(ascii: "/"): true
        default: false
        }
    }
}
