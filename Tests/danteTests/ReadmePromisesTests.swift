import Foundation
import Testing

@testable import dante

/// A promise is worth the test that can break it: each row of README's "What it promises" names one that is there, and
/// each limit is the one that is set.
@Suite struct ReadmePromisesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private struct Row {
        var promise: String
        var limits: String
        var tests: [String]
    }

    private static func rows() throws -> [Row] {
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let section = try #require(readme.components(separatedBy: "\n## What it promises\n").last)
        let table = section.prefix(upTo: try #require(section.range(of: "\n## ")).lowerBound)
        return table.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2).map { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            return Row(promise: cells[1], limits: cells[2], tests: quoted(in: cells[3]))
        }
    }

    /// What stands between backticks.
    private static func quoted(in cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// Every source file of the tests, by its name.
    private static func sources() throws -> [String: String] {
        var sources: [String: String] = [:]
        let files = FileManager.default.enumerator(atPath: root.appending(path: "Tests").path)
        while let path = files?.nextObject() as? String {
            guard path.hasSuffix(".swift") || path.hasSuffix(".py") else { continue }
            let url = root.appending(path: "Tests").appending(path: path)
            sources[url.lastPathComponent] = try String(contentsOf: url, encoding: .utf8)
        }
        return sources
    }

    /// Whether the name is a test: of Python `file::function`, of Swift `Suite/function`, or a program that tests.
    private static func isATest(_ name: String, in sources: [String: String]) -> Bool {
        if name.hasPrefix("Tests/") {
            return FileManager.default.isExecutableFile(atPath: root.appending(path: name).path)
        }
        let python = name.components(separatedBy: "::")
        if python.count == 2 {
            return python[1].hasPrefix("test_") && sources[python[0]]?.contains("\ndef \(python[1])(") == true
        }
        let swift = name.components(separatedBy: "/")
        guard swift.count == 2, let source = sources[swift[0] + ".swift"] else { return false }
        // Its attribute may have arguments, and stand on the lines before it.
        let parts = source.components(separatedBy: "func \(swift[1])(")
        return parts.count == 2 && parts[0].components(separatedBy: "func ").last?.contains("@Test") == true
    }

    @Test func everyPromiseNamesATestThatIsThere() throws {
        let sources = try Self.sources()
        let rows = try Self.rows()
        #expect(rows.count > 15)
        for row in rows {
            #expect(!row.tests.isEmpty, "\(row.promise)")
            for test in row.tests { #expect(Self.isATest(test, in: sources), "\(test)") }
        }
    }

    @Test(arguments: [
        "test_limits.py", "test_limits.py::", "test_limits.py::no_such", "test_limits.py::chunked",
        "no_such.py::test_x", "LimitTests", "LimitTests/noSuch", "NoSuch/idleConnectionEnds",
        "SlowReaderTests/hearAll",
        "Tests/Fuzz/no-such", "Tests/Fuzz/Fuzz.swift", "",
    ])
    func whatIsNoTestIsFoundOut(name: String) throws {
        #expect(!Self.isATest(name, in: try Self.sources()))
    }

    /// `--flag value` is the flag with its default; a flag alone has none, and the words of its own row stand behind it.
    @Test func everyLimitHasTheDefaultItIsSaidToHave() throws {
        var named: Set<String> = []
        for row in try Self.rows() {
            for limit in Self.quoted(in: row.limits) {
                let words = limit.split(separator: " ", maxSplits: 1).map(String.init)
                let setting = try #require(SettingTable.setting(flag: words[0]), "\(limit)")
                named.insert(setting.name)
                switch setting.default {
                case .value(let text): #expect(words.dropFirst().first == text, "\(limit)")
                case .unset(let why): #expect(words.count == 1 && row.limits.contains(why), "\(limit)")
                }
            }
        }
        for setting in SettingTable.all where setting.group == .limits {
            #expect(named.contains(setting.name), "\(setting.spelling) is promised nowhere")
        }
    }
}
