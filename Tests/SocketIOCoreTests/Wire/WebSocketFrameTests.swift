import SocketIOCore
import Testing

@Suite struct WebSocketFrameTests {
    /// RFC 6455, section 5.7.
    @Test func writesTheFramesOfTheStandard() {
        #expect(WebSocketFrame.text(Array("Hello".utf8)) == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(WebSocketFrame.ping(Array("Hello".utf8)) == [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(WebSocketFrame.pong([]) == [0x8A, 0x00])
    }

    @Test(
        arguments: [
            (0, [0x82, 0]), (125, [0x82, 125]), (126, [0x82, 126, 0, 126]), (65535, [0x82, 126, 0xFF, 0xFF]),
            (65536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])])
    func writesTheShortestLength(count: Int, header: [UInt8]) {
        let payload = [UInt8](repeating: 7, count: count)
        #expect(WebSocketFrame.binary(payload) == header + payload)
    }

    @Test func writesCloseFrames() {
        #expect(WebSocketFrame.close(code: nil) == [0x88, 0])
        #expect(WebSocketFrame.close(code: nil, reason: "x") == [0x88, 0])
        #expect(WebSocketFrame.close(code: 1000) == [0x88, 2, 0x03, 0xE8])
        #expect(WebSocketFrame.close(code: 1001, reason: "bye") == [0x88, 5, 0x03, 0xE9, 0x62, 0x79, 0x65])
    }

    @Test func cutsWhatIsTooLongForAControlFrame() {
        let long = [UInt8](repeating: 0x61, count: 126)
        #expect(WebSocketFrame.ping(long).count == 127)
        #expect(WebSocketFrame.pong(long).count == 127)
        // 123 bytes are left for the reason: 61 letters of two bytes, and not half a letter more.
        let close = WebSocketFrame.close(code: 1008, reason: String(repeating: "é", count: 70))
        #expect(close.count == 2 + 2 + 122)
        #expect(String(validating: close[4...], as: UTF8.self) == String(repeating: "é", count: 61))
    }
}
