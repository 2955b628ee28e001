import Recital
import TestSupport
import Testing

struct CursorTests {
    @Test(arguments: [("0", 0), ("1", 1), ("7", 7), ("46", 46), ("007", 7), ("000000046", 46)])
    func readsADecimalNumberUpToTheCount(text: String, number: Int) {
        #expect(Cursor.parse(text, count: 46) == number)
    }

    @Test(arguments: [
        "", " ", "-1", "+1", " 7", "7 ", "7\n", "1.0", "0x7", "1e1", "47", "999999999", "0000000001", "null",
        "18446744073709551616", "٧", "７", "7\u{301}", "7\0",
    ])
    func refusesAnythingElse(text: String) {
        #expect(Cursor.parse(text, count: 46) == nil)
    }

    @Test func holdsItsLargestNumber() {
        #expect(Cursor.parse("999999999", count: .max) == 999_999_999)
    }

    @Test(arguments: 0...46)
    func readsWhatItWrites(number: Int) {
        #expect(Cursor.parse(Cursor.text(after: number), count: 46) == number)
    }

    @Test func anyBytesAreANumberOfThePoemOrRefused() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? UInt8.random(in: 0x2F...0x3A, using: &random)
                    : UInt8.random(in: 0...255, using: &random)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let number = Cursor.parse(text, count: 46)
            let isRight = number.map { (0...46).contains($0) && Int(text) == $0 } ?? true
            if !isRight { Issue.record("\(bytes) was read as \(String(describing: number))") }
        }
    }
}
