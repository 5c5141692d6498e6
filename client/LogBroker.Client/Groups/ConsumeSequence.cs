namespace LogBroker.Client;

/// <summary>The records of a consumer, one by one. Each enumeration goes on where the one before was left.</summary>
internal sealed class ConsumeSequence(ConsumerCore core, CancellationToken cancellation) : IAsyncEnumerable<ConsumedRecord>
{
    public IAsyncEnumerator<ConsumedRecord> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        core.Enter();
        return new Enumerator(core, cancellation, cancellationToken);
    }

    private sealed class Enumerator(ConsumerCore core, CancellationToken first, CancellationToken second) : IAsyncEnumerator<ConsumedRecord>
    {
        private readonly CancellationTokenSource _cancellation = CancellationTokenSource.CreateLinkedTokenSource(first, second);
        private bool _hasBegun;
        private bool _isOver;

        public ConsumedRecord Current => core.Pump.Current;

        public ValueTask<bool> MoveNextAsync()
        {
            if (_hasBegun && !_cancellation.IsCancellationRequested && !core.Stopping.IsCancellationRequested
                && core.Pump.TryNext(gathers: false))
            {
                core.Answered();
                return new ValueTask<bool>(true);
            }

            return MoveOnAsync();
        }

        public ValueTask DisposeAsync()
        {
            if (!_isOver)
            {
                _isOver = true;
                core.Exit();
                _cancellation.Dispose();
            }

            return ValueTask.CompletedTask;
        }

        private async ValueTask<bool> MoveOnAsync()
        {
            core.Asked();
            try
            {
                _cancellation.Token.ThrowIfCancellationRequested();
                while (!core.Pump.TryNext(gathers: false))
                {
                    await core.Pump.WaitAsync(_cancellation.Token).ConfigureAwait(false);
                }

                _hasBegun = true;
                return true;
            }
            finally
            {
                core.Answered();
            }
        }
    }
}

/// <summary>The records of a consumer in batches.</summary>
/// <param name="core">The consumer.</param>
/// <param name="convert">Makes of a record what lives longer than the next one.</param>
/// <param name="countMax">The most records of a batch.</param>
/// <param name="wait">How long a batch waits for more after its first record.</param>
/// <param name="cancellation">Ends it.</param>
internal sealed class BatchSequence<T>(
    ConsumerCore core, Func<ConsumedRecord, T> convert, int countMax, TimeSpan wait, CancellationToken cancellation)
    : IAsyncEnumerable<IReadOnlyList<T>>
{
    public IAsyncEnumerator<IReadOnlyList<T>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        core.Enter();
        return new Enumerator(
            core, convert, countMax, wait, CancellationTokenSource.CreateLinkedTokenSource(cancellation, cancellationToken));
    }

    private sealed class Enumerator(
        ConsumerCore core, Func<ConsumedRecord, T> convert, int countMax, TimeSpan wait, CancellationTokenSource cancellation)
        : IAsyncEnumerator<IReadOnlyList<T>>
    {
        private bool _isOver;

        public IReadOnlyList<T> Current { get; private set; } = [];

        public async ValueTask<bool> MoveNextAsync()
        {
            core.Asked();
            try
            {
                cancellation.Token.ThrowIfCancellationRequested();
                var batch = new List<T>();
                while (!core.Pump.TryNext(gathers: true))
                {
                    await core.Pump.WaitAsync(cancellation.Token).ConfigureAwait(false);
                }

                batch.Add(convert(core.Pump.Current));
                await FillAsync(batch).ConfigureAwait(false);
                Current = batch;
                return true;
            }
            finally
            {
                core.Answered();
            }
        }

        public ValueTask DisposeAsync()
        {
            if (!_isOver)
            {
                _isOver = true;
                core.Exit();
                cancellation.Dispose();
            }

            return ValueTask.CompletedTask;
        }

        private async ValueTask FillAsync(List<T> batch)
        {
            CancellationTokenSource? timer = null;
            CancellationTokenSource? either = null;
            try
            {
                while (batch.Count < countMax)
                {
                    if (core.Pump.TryNext(gathers: true))
                    {
                        batch.Add(convert(core.Pump.Current));
                        continue;
                    }

                    if (wait <= TimeSpan.Zero)
                    {
                        return;
                    }

                    timer ??= new CancellationTokenSource(wait, core.Calls.Options.TimeProvider);
                    either ??= CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation.Token);
                    await core.Pump.WaitAsync(either.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The batch has waited long enough.
            }
            finally
            {
                either?.Dispose();
                timer?.Dispose();
            }
        }
    }
}
