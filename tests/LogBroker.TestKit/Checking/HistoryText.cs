using System.Globalization;

namespace LogBroker.TestKit;

/// <summary>
/// A history as text, one entry a line, fields separated by tabs: action, type, process, invocation, nanoseconds, records, note. A record
/// is <c>PARTITION@OFFSET=WRITER:NUMBER</c>. Kept with the report of a run that failed, and readable again.
/// </summary>
public static class HistoryText
{
    /// <summary>Writes a history.</summary>
    public static void Write(History history, TextWriter to)
    {
        for (int index = 0; index < history.Count; index++)
        {
            Op op = history[index];
            to.Write(string.Create(CultureInfo.InvariantCulture, $"{op.Action}\t{op.Type}\t{op.Process}\t{op.Invocation}\t{op.TimeNs}\t"));
            for (int i = 0; i < op.Records.Length; i++)
            {
                var record = op.Records[i];
                to.Write(i == 0 ? "" : " ");
                to.Write(string.Create(CultureInfo.InvariantCulture, $"{record.Partition}@{record.Offset}={record.Value}"));
            }

            to.Write('\t');
            to.Write(history.NoteOf(index).ReplaceLineEndings(" ").Replace('\t', ' '));
            to.Write('\n');
        }
    }

    /// <summary>Reads one back.</summary>
    /// <exception cref="FormatException">A line is not of the form; the message has its number.</exception>
    public static History Read(TextReader from)
    {
        var history = new History();
        for (string? line = from.ReadLine(); line is not null; line = from.ReadLine())
        {
            string[] fields = line.Split('\t');
            if (fields.Length != 7
                || !Enum.TryParse(fields[0], out OpAction action)
                || !Enum.TryParse(fields[1], out OpType type))
            {
                throw new FormatException($"line {history.Count + 1} is no entry of a history");
            }

            int process = int.Parse(fields[2], CultureInfo.InvariantCulture);
            int invocation = int.Parse(fields[3], CultureInfo.InvariantCulture);
            long timeNs = long.Parse(fields[4], CultureInfo.InvariantCulture);
            PlacedRecord[] records = [.. fields[5].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ParseRecord)];
            if (type == OpType.Invoke)
                history.Invoke(process, action, timeNs, records);
            else if (invocation != history.Count)
                history.Complete(invocation, type, timeNs, records);
            else if (fields[6].Length > 0)
                history.Mark(process, action, timeNs, fields[6]);
            else
                history.Mark(process, action, timeNs, records);
        }

        return history;
    }

    private static PlacedRecord ParseRecord(string text)
    {
        int at = text.IndexOf('@');
        int equals = text.IndexOf('=');
        if (at < 0 || equals < at || !RecordValue.TryParse(text.AsSpan(equals + 1), out var value))
            throw new FormatException($"{text} is no record of a history");
        return new PlacedRecord(
            int.Parse(text.AsSpan(0, at), CultureInfo.InvariantCulture),
            long.Parse(text.AsSpan(at + 1, equals - at - 1), CultureInfo.InvariantCulture),
            value);
    }
}
