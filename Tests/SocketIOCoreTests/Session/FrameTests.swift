import Testing

@testable import SocketIOCore

@Suite struct FrameTests {
    @Test func messageIsAWholeTextFrame() {
        let frame = Frame.message(Array("42[]".utf8))
        #expect(frame.packet == Array("42[]".utf8))
        #expect(frame.framed == [0x81, 4] + Array("42[]".utf8))
    }

    @Test(arguments: [("Midway", "6\r\nMidway\r\n"), (String(repeating: "x", count: 26), nil), ("", "")])
    func pieceOfAStreamIsOneChunk(piece: String, wire: String?) {
        let frame = Frame.chunk(Array(piece.utf8))
        #expect(frame.packet == Array(piece.utf8))
        #expect(frame.framed == Array((wire ?? "1a\r\n\(piece)\r\n").utf8))
    }

    @Test func lastChunkEndsTheAnswer() {
        #expect(HTTPChunk.last == Array("0\r\n\r\n".utf8))
    }
}
