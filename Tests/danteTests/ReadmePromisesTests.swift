import Foundation
import Testing

/// A promise is worth the test that can break it: each row of README's "What it promises" names one that is there.
@Suite struct ReadmePromisesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The tests' names in the last column, one list a row.
    private static func rows() throws -> [(promise: String, tests: [String])] {
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let section = try #require(readme.components(separatedBy: "\n## What it promises\n").last)
        let table = section.prefix(upTo: try #require(section.range(of: "\n## ")).lowerBound)
        return table.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2).map { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            let last = cells.dropLast().last ?? ""
            let names = last.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }
            return (String(cells[1]), names.map { String($0.element) })
        }
    }

    @Test func everyPromiseNamesATestThatIsThere() throws {
        var names: Set<String> = []
        let files = FileManager.default.enumerator(atPath: Self.root.appending(path: "Tests").path)
        while let path = files?.nextObject() as? String {
            names.insert("Tests/" + path)
            names.insert(URL(filePath: path).lastPathComponent)
        }
        let rows = try Self.rows()
        #expect(rows.count > 15)
        for row in rows {
            #expect(!row.tests.isEmpty, "\(row.promise)")
            for test in row.tests {
                #expect(names.contains(test) || names.contains(test + ".swift"), "\(test)")
            }
        }
    }
}
