using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LogBroker.Cli;

/// <summary>Aligned columns for a person's eye. Buffers a list until it ends.</summary>
internal sealed class TableOutputWriter(CliHost host) : OutputWriter
{
    // Wide enough that nothing wraps when the table goes into a file.
    private const int WidthOfFile = 10_000;

    private static readonly string[] Units = [" BYTES", " MS"];

    private readonly List<OutputRecord> _items = [];

    /// <inheritdoc/>
    public override void Single(OutputRecord record)
    {
        var facts = new Table().NoBorder().HideHeaders().AddColumn(Column()).AddColumn(Column());
        foreach (OutputField field in record.Scalars.Where(f => f.InTable))
        {
            facts.AddRow(Faint(Title(field).ToLowerInvariant()), new Text(Shown(field)));
        }

        Write(facts);
        foreach ((string name, IReadOnlyList<OutputRecord> items) in record.Lists)
        {
            if (items.Count > 0)
            {
                WriteLine("");
                WriteLine(OutputText.Title(name).ToLowerInvariant() + ":");
                Write(TableOf(items));
            }
        }
    }

    /// <inheritdoc/>
    public override void BeginList(string name) => _items.Clear();

    /// <inheritdoc/>
    public override void Item(OutputRecord record) => _items.Add(record);

    /// <inheritdoc/>
    public override void EndList()
    {
        if (_items.Count > 0)
        {
            Write(TableOf(_items));
        }
    }

    private static Table TableOf(IReadOnlyList<OutputRecord> items)
    {
        Table table = new Table().NoBorder();
        foreach (OutputField field in items[0].Scalars.Where(f => f.InTable))
        {
            TableColumn column = Column(Faint(Title(field)));
            table.AddColumn(field.Value is int or long or double ? column.RightAligned() : column);
        }

        foreach (OutputRecord item in items)
        {
            table.AddRow(item.Scalars.Where(f => f.InTable).Select(f => (IRenderable)new Text(Shown(f))));
        }

        return table;
    }

    private static TableColumn Column(IRenderable? header = null) => new(header ?? Text.Empty) { Padding = new Padding(0, 0, 2, 0) };

    private static Text Faint(string text) => new(text, new Style(decoration: Decoration.Dim));

    /// <summary>A readable size or span says its unit itself.</summary>
    private static string Title(OutputField field)
    {
        string title = OutputText.Title(field.Name);
        string? unit = field.Human is null ? null : Array.Find(Units, u => title.EndsWith(u, StringComparison.Ordinal));
        return unit is null ? title : title[..^unit.Length];
    }

    private static string Shown(OutputField field) => OutputText.Visible(field.Human ?? OutputText.Plain(field.Value));

    private void WriteLine(string text) => host.Stdout.Write(Encoding.UTF8.GetBytes(text + "\n"));

    private void Write(IRenderable table)
    {
        var rendered = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = host.UsesColor ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = host.UsesColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(rendered),
        });
        console.Profile.Width = host.StdoutIsTerminal ? Math.Max(40, host.TerminalColumns) : WidthOfFile;
        console.Write(table);
        foreach (string line in rendered.ToString().TrimEnd('\n').Split('\n'))
        {
            WriteLine(line.TrimEnd());
        }
    }
}
