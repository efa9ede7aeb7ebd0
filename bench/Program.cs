using Veza.Bench;

return args switch
{
    ["log", .. var rest] => await LogBench.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: ./veza bench log [--seconds N] [--rounds N]");
    return 2;
}
