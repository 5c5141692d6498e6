using System.Text;

namespace LogBroker.Cli;

/// <summary>
/// For cut, awk and while-read: values between tabs, no header. A list is one line per item. A single thing is one line
/// <c>name⇥value</c> per value and, for each list in it, lines that begin with the list's name.
/// </summary>
internal sealed class TsvOutputWriter(Stream stdout) : OutputWriter
{
    /// <inheritdoc/>
    public override void Single(OutputRecord record)
    {
        foreach (OutputField field in record.Scalars)
        {
            Line([field.Name, OutputText.Tsv(field.Value)]);
        }

        foreach ((string name, IReadOnlyList<OutputRecord> items) in record.Lists)
        {
            foreach (OutputRecord item in items)
            {
                Line([name, .. Values(item)]);
            }
        }
    }

    /// <inheritdoc/>
    public override void BeginList(string name)
    {
    }

    /// <inheritdoc/>
    public override void Item(OutputRecord record) => Line(Values(record));

    /// <inheritdoc/>
    public override void EndList()
    {
    }

    private static IEnumerable<string> Values(OutputRecord record) =>
        record.Scalars.Where(f => f.InTable).Select(f => OutputText.Tsv(f.Value));

    private void Line(IEnumerable<string> values) => stdout.Write(Encoding.UTF8.GetBytes(string.Join('\t', values) + "\n"));
}
