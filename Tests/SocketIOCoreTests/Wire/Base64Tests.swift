import Foundation
import SocketIOCore
import TestSupport
import Testing

@Suite struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func encodesAndDecodes(plain: String, encoded: String) {
        #expect(String(wire: Base64.encode(Array(plain.utf8))) == encoded)
        #expect(String(wire: Base64.decode(Array(encoded.utf8)[...])) == plain)
    }

    @Test func agreesWithFoundation() {
        var random = SeededGenerator(seed: 64)
        for _ in 0..<200 {
            let bytes = random.bytes(upTo: 60)
            #expect(Base64.encode(bytes) == Array(Data(bytes).base64EncodedData()))
            #expect(Base64.decode(Base64.encode(bytes)[...]) == bytes)
        }
    }

    /// Read by Node.js 20, `Buffer.from(text, "base64")`.
    @Test(
        arguments: [
            ("Zg", [0x66]), ("Zm8", [0x66, 0x6F]), ("Z", []), ("Zm9vY", [0x66, 0x6F, 0x6F]), ("@@@@", []),
            ("Z\ng =", [0x66]), ("_-8", [0xFF, 0xEF]), ("Zg==Zg==", [0x66]), ("é", []),
        ] as [(String, [UInt8])])
    func isLenient(text: String, bytes: [UInt8]) {
        #expect(Base64.decode(Array(text.utf8)[...]) == bytes)
    }
}
