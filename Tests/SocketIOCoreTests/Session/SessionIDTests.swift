import TestSupport
import Testing

@testable import SocketIOCore

@Suite struct SessionIDTests {
    @Test(arguments: [(0, 0), (1, 2), (258, 255), (65535, 63)] as [(UInt16, UInt8)])
    func namesNodeAndLoop(node: UInt16, loop: UInt8) throws {
        var random = SeededGenerator(seed: UInt64(node))
        let sid = SessionID(node: node, loop: loop) { random.next() }
        #expect(sid.text.utf8.count == 20)
        let place = try #require(SessionID.place(of: sid.text))
        #expect(place == (node, loop))
    }

    /// All bits that identify a session come from the caller: 64 of the first draw, 32 of the second.
    @Test func everyRandomBitShows() {
        var seen: Set<String> = [SessionID(node: 7, loop: 3) { 0 }.text]
        for bit in 0..<96 {
            var draw = 0
            let sid = SessionID(node: 7, loop: 3) {
                draw += 1
                if draw == 1 { return bit < 64 ? 1 << UInt64(bit) : 0 }
                return bit < 64 ? 0 : 1 << UInt64(bit - 64)
            }
            seen.insert(sid.text)
        }
        #expect(seen.count == 97)
    }

    @Test func isSafeInAURL() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let sid = SessionID(node: 0xffff, loop: 0xff) { random.next() }
            #expect(
                sid.text.utf8.allSatisfy {
                    "-_".utf8.contains($0) || Character(Unicode.Scalar($0)).isASCIIWord
                })
        }
    }

    @Test(arguments: [
        "", "x", "AAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAA+",
        "éAAAAAAAAAAAAAAAAAA",
    ])
    func othersNameNoPlace(sid: String) {
        #expect(SessionID.place(of: sid) == nil)
    }
}

extension Character {
    fileprivate var isASCIIWord: Bool { isASCII && (isLetter || isNumber) }
}
