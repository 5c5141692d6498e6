using System.Text;

namespace LogBroker.Bench.Processes;

/// <summary>Keeps the end of what a process prints. Any thread may call it.</summary>
internal sealed class OutputTail(int charsMax)
{
    private readonly StringBuilder _text = new();
    private readonly Lock _gate = new();

    /// <summary>Adds to the end; what no longer fits is dropped at the beginning.</summary>
    public void Append(ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            _text.Append(text);
            if (_text.Length > 2L * charsMax)
            {
                _text.Remove(0, _text.Length - charsMax);
            }
        }
    }

    /// <summary>The last <c>charsMax</c> characters.</summary>
    public override string ToString()
    {
        lock (_gate)
        {
            int start = Math.Max(0, _text.Length - charsMax);
            return _text.ToString(start, _text.Length - start);
        }
    }

    /// <summary>Reads a stream to its end into the tail, and hands complete lines on.</summary>
    public async Task ReadAsync(StreamReader from, Action<string>? onLine)
    {
        var line = new StringBuilder();
        char[] buffer = new char[8192];
        int count;
        while ((count = await from.ReadAsync(buffer.AsMemory())) > 0)
        {
            Append(buffer.AsSpan(0, count));
            if (onLine is not null)
            {
                HandOverLines(buffer.AsSpan(0, count), line, onLine);
            }
        }

        if (line.Length > 0)
        {
            onLine!(line.ToString());
        }
    }

    private static void HandOverLines(ReadOnlySpan<char> text, StringBuilder line, Action<string> onLine)
    {
        int end;
        while ((end = text.IndexOf('\n')) >= 0)
        {
            line.Append(text[..end]);
            onLine(line.ToString().TrimEnd('\r'));
            line.Clear();
            text = text[(end + 1)..];
        }

        line.Append(text);
    }
}
