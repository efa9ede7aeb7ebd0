System.Console.WriteLine("veza");
