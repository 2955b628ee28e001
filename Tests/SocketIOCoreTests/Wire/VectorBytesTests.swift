import SocketIOCore
import Testing

/// What the references wrote, as it comes over a slow wire: every vector of every file in frames of a client, one byte
/// at a time; and what we write, read back the same way.
@Suite struct VectorBytesTests {
    static let files = ["engineio-4", "engineio-3", "engineio-3-legacy", "socketio-0.9"]

    /// Every text and every piece of bytes in them, whatever its kind.
    private static func messages(_ file: String) -> [(vector: Vector, isText: Bool, bytes: [UInt8])] {
        Vector.all(file).flatMap { vector in
            (vector.encoded.elements.isEmpty ? [vector.encoded] : vector.encoded.elements).map { part in
                (vector, part.text != nil, part.wire)
            }
        }
    }

    @Test(arguments: files)
    func arriveWholeByteByByte(file: String) {
        let messages = Self.messages(file)
        #expect(messages.count > 50)
        for (vector, isText, bytes) in messages {
            let frame = WebSocketReaderTests.frame(isText ? 0x81 : 0x82, bytes)
            var reader = WebSocketReader(maxMessageBytes: 1_000_000)
            let events = frame.flatMap { byte in withUnsafeBytes(of: byte) { reader.receive($0) } }
            #expect(events == [isText ? .text(bytes) : .binary(bytes)], "\(vector.testDescription)")
        }
    }

    /// In two fragments cut at every place, which may be in the middle of a letter.
    @Test(arguments: files)
    func arriveWholeInFragments(file: String) {
        for (vector, isText, bytes) in Self.messages(file) where bytes.count < 200 {
            for cut in bytes.indices {
                var reader = WebSocketReader(maxMessageBytes: 1_000_000)
                let frames =
                    WebSocketReaderTests.frame(isText ? 0x01 : 0x02, Array(bytes[..<cut]))
                    + WebSocketReaderTests.frame(0x80, Array(bytes[cut...]))
                let events = frames.flatMap { byte in withUnsafeBytes(of: byte) { reader.receive($0) } }
                #expect(
                    events == [isText ? .text(bytes) : .binary(bytes)],
                    "\(vector.testDescription), cut at \(cut)")
            }
        }
    }

    /// A frame of ours is a frame: head, length and the bytes, as a client reads it.
    @Test(arguments: files)
    func leaveWhole(file: String) {
        for (vector, isText, bytes) in Self.messages(file) {
            let frame = isText ? WebSocketFrame.text(bytes) : WebSocketFrame.binary(bytes)
            #expect(frame.suffix(bytes.count) == bytes[...], "\(vector.testDescription)")
            let head = WebSocketReaderTests.frame(isText ? 0x81 : 0x82, bytes, mask: nil)
            #expect(frame == head, "\(vector.testDescription)")
        }
    }
}
